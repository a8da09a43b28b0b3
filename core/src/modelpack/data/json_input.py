"""Requests in JSON: pandas' split and records forms, bare or wrapped, and tensors."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import orjson

from modelpack.data.columns import from_base64
from modelpack.data.frames import (
    json_name,
    labelled,
    table_from_columns,
    table_from_records,
    table_from_rows,
    table_of_array,
)
from modelpack.data.payload import Payload
from modelpack.data.tensors import array_from_json
from modelpack.errors import DataFormatError, UnsupportedMediaTypeError
from modelpack.schema.signature import Array

if TYPE_CHECKING:
    from collections.abc import Callable

    from modelpack.data.media_types import MediaType
    from modelpack.data.plan import InputPlan

_LONG = 10_000
"""From here on, looking for a word takes longer than looking at numbers."""
_OPTIONAL_LIST = (list, type(None))
_SPLIT_KEYS = {"columns", "index", "data"}
_RECORDS_NOTICE = (
    "a JSON list of records came without a format; application/json means pandas' split form since 0.9: "
    'send Content-Type: application/json; format=pandas-records, or {"dataframe_records": […]}'
)
_EXAMPLE = 'for example {"dataframe_split": {"columns": ["a"], "data": [[1]]}}'


def decode(body: bytes, media_type: MediaType, plan: InputPlan) -> Payload:
    """Read a JSON body in any of the forms that the server speaks.

    Raises:
        DataFormatError: The body is not JSON, or has none of the forms, or several.
        UnsupportedMediaTypeError: The media type names a format other than `pandas-split` and `pandas-records`.
        SchemaError: A value cannot be of the type that the signature gives it.
    """
    try:
        return _decoded(as_utf8(body, media_type), media_type, plan)
    except RecursionError as error:
        raise DataFormatError("the body is nested too deeply") from error


def _decoded(text: bytes, media_type: MediaType, plan: InputPlan) -> Payload:
    form = media_type.parameter("format")
    if form is None and (numbers := plan.number_reader.read(text)) is not None:
        table = table_of_array(numbers.array, plan)
        return Payload(table if numbers.index is None else labelled(table, numbers.index))
    reader = _Reader(plan, text)
    document = parse(text)
    if form is None:
        return reader.any_form(document)
    if form == "pandas-split":
        return Payload(reader.split(document))
    if form == "pandas-records":
        return Payload(reader.records(document))
    raise UnsupportedMediaTypeError(
        f"format {form!r} is not known", hint="known are pandas-split and pandas-records; leave it out for the others"
    )


def as_utf8(body: bytes, media_type: MediaType) -> bytes:
    """The body in UTF-8, without a byte order mark.

    Raises:
        DataFormatError: The body is not in the charset that it claims.
    """
    encoding = media_type.encoding
    if encoding == "utf-8-sig":
        return body.removeprefix(b"\xef\xbb\xbf")
    try:
        return body.decode(encoding).encode()
    except UnicodeDecodeError as error:
        raise DataFormatError(f"the body is not {media_type.parameter('charset')}: {error}") from error


def parse(text: bytes) -> Any:
    """A JSON document, with `NaN` and `Infinity` as Python's own `json` writes them.

    Raises:
        DataFormatError: It is no JSON.
    """
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        if b"NaN" in text or b"Infinity" in text:
            return _parse_python_dialect(text, error)
        raise DataFormatError(f"the body is not JSON: {error}", hint=_EXAMPLE) from error


def _parse_python_dialect(text: bytes, first: Exception) -> Any:
    try:
        value = json.loads(text, parse_int=_integer, parse_float=_finite)
        if b"\\u" in text:
            json.dumps(value, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except (ValueError, RecursionError) as error:
        raise DataFormatError(f"the body is not JSON: {first}", hint=_EXAMPLE) from error
    return value


def _finite(digits: str) -> float:
    """A number, refused where it is past the range of a double, as orjson refuses it."""
    value = float(digits)
    if math.isinf(value):
        raise ValueError("a number is infinite as a double")
    return value


def _integer(digits: str) -> int | float:
    """Integers past 64 bits become doubles, as they do in orjson."""
    value = _finite(digits)
    return int(digits) if math.fabs(value) < 2.0**63 else value


class _Reader:
    """Reads the forms by one signature."""

    __slots__ = ("_booleans", "_plan", "_text")

    def __init__(self, plan: InputPlan, text: bytes) -> None:
        self._plan = plan
        self._text = text
        self._booleans = _may_have_booleans(text)

    def _may_have_bytes(self) -> bool:
        """Whether `{"b64": …}` may stand somewhere: not in numbers, nor in a document that is the only object."""
        if self._plan.uniform is not None or self._text.count(b"{") == 1:
            return False
        return b"b64" in self._text or b"\\" in self._text

    def any_form(self, document: Any) -> Payload:
        if isinstance(document, list):
            return Payload(self.records(document), notice=_RECORDS_NOTICE)
        if not isinstance(document, dict):
            raise DataFormatError(f"the body is {json_name(document)}, not an object", hint=_EXAMPLE)
        forms = _FORMS.keys() & document.keys()
        if not forms and {"columns", "data"} & document.keys():
            return Payload(self.split(document))
        if len(forms) != 1:
            raise DataFormatError(
                f"the body must have exactly one of {', '.join(_FORMS)}; it has {_named(document)}", hint=_EXAMPLE
            )
        return self._wrapped(document, forms.pop())

    def _wrapped(self, document: dict[str, Any], form: str) -> Payload:
        if len(document) > 1 and (unknown := document.keys() - {form, "params"}):
            raise DataFormatError(f"beside {form} and params the body has {_named(sorted(unknown))}")
        params = document.get("params")
        if params is not None and not isinstance(params, dict):
            raise DataFormatError(f"params is {json_name(params)}, not an object")
        return Payload(_FORMS[form](self, document[form]), params)

    def split(self, value: Any) -> Any:
        if not isinstance(value, dict) or not isinstance(value.get("data"), list):
            raise DataFormatError(f"pandas' split form is an object with columns and data; {_came(value)} came")
        unknown = value.keys() - _SPLIT_KEYS
        if unknown:
            raise DataFormatError(
                f"pandas' split form has columns, index and data; also came {_named(sorted(unknown))}"
            )
        names, index = value.get("columns"), value.get("index")
        if not isinstance(names, _OPTIONAL_LIST) or not isinstance(index, _OPTIONAL_LIST):
            raise DataFormatError("columns and index of pandas' split form are lists")
        names = self._plan.column_names(names) if names is not None else None
        table = table_from_rows(value["data"], names, self._plan, booleans=self._booleans)
        return table if index is None else labelled(table, index)

    def records(self, value: Any) -> Any:
        if not isinstance(value, list):
            raise DataFormatError(f"pandas' records form is a list of objects; {_came(value)} came")
        return table_from_records(value, self._plan, booleans=self._booleans)

    def instances(self, value: Any) -> Any:
        """Row-wise: one item for each row."""
        if not isinstance(value, list):
            raise DataFormatError(f"instances is a list with one item for each row; {_came(value)} came")
        value = _with_bytes(value) if self._may_have_bytes() else value
        if self._plan.tabular:
            return self._table(value)
        if value and all(isinstance(item, dict) for item in value):
            return self._arrays(_transposed(value))
        return array_from_json(value, None, self._plan)

    def inputs(self, value: Any) -> Any:
        """Column-wise: one tensor, or one for each name."""
        value = _with_bytes(value) if self._may_have_bytes() else value
        if isinstance(value, dict):
            return self._columns(value) if self._plan.tabular else self._arrays(value)
        if not isinstance(value, list):
            value = [value]
        return self._table(value) if self._plan.tabular else array_from_json(value, None, self._plan)

    def _arrays(self, values: dict[str, Any]) -> dict[str, Any]:
        return {name: array_from_json(value, name, self._plan) for name, value in values.items()}

    def _columns(self, values: dict[str, Any]) -> Any:
        if all(isinstance(column, list) for column in values.values()):
            return table_from_columns(values, self._plan, booleans=self._booleans)
        return self.records([values])

    def _table(self, items: list[Any]) -> Any:
        """A table from rows by position, from objects, or from the values of an only column."""
        if items and isinstance(items[0], dict) and self._plan.names:
            return self.records(items)
        if self._plan.single is not None and (
            isinstance(self._plan.single, Array) or not all(isinstance(item, list) for item in items)
        ):
            name: Any = (self._plan.names or [0])[0]
            return table_from_columns({name: items}, self._plan, booleans=self._booleans)
        return table_from_rows(items, None, self._plan, booleans=self._booleans)


def _may_have_booleans(text: bytes) -> bool:
    """Whether `true` or `false` may stand in a document; one letter is found, or not, much faster than a word."""
    end_of_texts = text.rfind(b'"') + 1
    if text.find(b"t", end_of_texts) >= 0 or text.find(b"f", end_of_texts) >= 0:
        end_of_texts = len(text)
    if end_of_texts > _LONG:
        return True
    return text.find(b"true", 0, end_of_texts) >= 0 or text.find(b"false", 0, end_of_texts) >= 0


_FORMS: dict[str, Callable[[_Reader, Any], Any]] = {
    "dataframe_split": _Reader.split,
    "dataframe_records": _Reader.records,
    "instances": _Reader.instances,
    "inputs": _Reader.inputs,
}


def _transposed(items: list[dict[str, Any]]) -> dict[str, list[Any]]:
    names = items[0].keys()
    for position, item in enumerate(items):
        if item.keys() != names:
            raise DataFormatError(f"instance {position} has other keys than instance 0: {_named(item)}")
    return {name: [item[name] for item in items] for name in names}


def _with_bytes(value: Any) -> Any:
    """The value with `{"b64": …}`, which stands for bytes, replaced by them."""
    if isinstance(value, list):
        return [_with_bytes(item) if isinstance(item, (list, dict)) else item for item in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"b64"} and isinstance(value["b64"], str):
        return from_base64(value["b64"], "b64")
    return {key: _with_bytes(item) for key, item in value.items()}


def _named(names: Any) -> str:
    return ", ".join(map(str, names)) or "no keys"


def _came(value: Any) -> str:
    return f"an object with {_named(value)}" if isinstance(value, dict) else json_name(value)

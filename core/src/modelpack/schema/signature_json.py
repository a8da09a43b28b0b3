"""Signatures as they stand in an `MLmodel` file: three texts of JSON in MLflow's encodings.

Every encoding since MLflow 1.9 is read; the one of MLflow 3 is written, character for character.
"""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

from modelpack.errors import InvalidArgumentError, InvalidModelError
from modelpack.schema.signature import (
    Array,
    Column,
    ColumnSchema,
    DataType,
    ModelSignature,
    Param,
    Schema,
    SparkMLVector,
    Tensor,
    TensorSchema,
)
from modelpack.schema.type_json import MAX_DEPTH, type_from_json, type_to_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


def signature_from_mapping(mapping: Mapping[str, Any]) -> ModelSignature:
    """Read what stands under `signature:`.

    `inputs`, `outputs` and `params` may be absent, null, JSON text or already parsed lists. Keys that are not known are
    passed over.

    Raises:
        InvalidModelError: Something is no signature; the message names the part and the column, tensor or param. A
            signature is never dropped because it cannot be read.
    """
    return ModelSignature(
        inputs=_schema(_entries(mapping, "inputs"), "inputs"),
        outputs=_schema(_entries(mapping, "outputs"), "outputs"),
        params=_params(_entries(mapping, "params")),
    )


def signature_to_mapping(signature: ModelSignature) -> dict[str, str | None]:
    """What stands under `signature:`, as MLflow 3 writes it: JSON text or None for each of the three parts.

    Raises:
        InvalidArgumentError: A default of a param is no JSON value.
    """
    return {
        "inputs": _schema_text(signature.inputs),
        "outputs": _schema_text(signature.outputs),
        "params": None if signature.params is None else _text([_param_to_json(param) for param in signature.params]),
    }


def _entries(mapping: Mapping[str, Any], part: str) -> list[Any] | None:
    value = mapping.get(part)
    if isinstance(value, str):
        value = _parsed(value, part) if value.strip() else None
    if value is None:
        return None
    if not isinstance(value, list):
        raise InvalidModelError(f"signature {part}: a list was expected, this is {_shown(value)}")
    return value


def _parsed(text: str, part: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise InvalidModelError(
            f"signature {part}: the JSON is broken at character {error.pos} ({error.msg}): "
            f"…{text[max(0, error.pos - 20) : error.pos + 20]}…",
            hint="repair the signature in the MLmodel file, or save the model again",
        ) from error
    except (RecursionError, ValueError) as error:
        raise InvalidModelError(f"signature {part}: the JSON cannot be read: {error}") from error


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}…"  # noqa: PLR2004 - one line of a message


def _schema(entries: list[Any] | None, part: str) -> Schema | None:
    if entries is None:
        return None
    if not entries:
        raise InvalidModelError(f"signature {part}: it has neither columns nor tensors", hint=f"write {part}: null")
    tensors = [isinstance(entry, dict) and entry.get("type") == "tensor" for entry in entries]
    schema: Schema
    if all(tensors):
        schema = TensorSchema(tuple(_each(entries, _tensor, part, "tensor")))
    elif any(tensors):
        raise InvalidModelError(f"signature {part}: columns and tensors stand in one list")
    else:
        schema = ColumnSchema(tuple(_each(entries, _column, part, "column")))
    _check_names(schema.names, part)
    return schema


def _each(entries: list[Any], read: Callable[[dict[str, Any], str], Any], part: str, kind: str) -> Iterable[Any]:
    for index, entry in enumerate(entries):
        name = entry.get("name") if isinstance(entry, dict) else None
        place = f"signature {part}: {kind} {index if name is None else repr(name)}"
        if not isinstance(entry, dict):
            raise InvalidModelError(f"{place}: a mapping was expected, this is {_shown(entry)}")
        yield read(entry, place)


def _check_names(names: tuple[str | int | None, ...], part: str) -> None:
    if len(names) > 1 and None in names and set(names) != {None}:
        raise InvalidModelError(f"signature {part}: some have a name and some have none")
    seen = set()
    for name in names:
        if name is not None and name in seen:
            raise InvalidModelError(f"signature {part}: the name {name!r} stands twice")
        seen.add(name)


def _column(entry: dict[str, Any], place: str) -> Column:
    return Column(type_from_json(entry, place), _name(entry, place), required=_required(entry, place))


def _name(entry: dict[str, Any], place: str) -> str | int | None:
    name = entry.get("name")
    if name is not None and (isinstance(name, bool) or not isinstance(name, (str, int))):
        raise InvalidModelError(f"{place}: a name is text or a whole number")
    return name


def _required(entry: dict[str, Any], place: str) -> bool:
    required = entry.get("required")
    if required is None:
        optional = entry.get("optional", False)
        required = not optional if isinstance(optional, bool) else optional
    if not isinstance(required, bool):
        raise InvalidModelError(f"{place}: `required` and `optional` are true or false")
    return required


def _tensor(entry: dict[str, Any], place: str) -> Tensor:
    spec = entry.get("tensor-spec")
    if not isinstance(spec, dict) or not isinstance(spec.get("dtype"), str):
        raise InvalidModelError(f"{place}: `tensor-spec` with `dtype` and `shape` is missing")
    shape = spec.get("shape")
    if not isinstance(shape, list) or any(type(extent) is not int or extent < -1 for extent in shape):
        raise InvalidModelError(f"{place}: the shape is a list of whole numbers from -1 on, this is {_shown(shape)}")
    return Tensor(spec["dtype"], tuple(shape), _name(entry, place), required=_required(entry, place))


def _params(entries: list[Any] | None) -> tuple[Param, ...] | None:
    if entries is None:
        return None
    params = tuple(_each(entries, _param, "params", "param"))
    _check_names(tuple(param.name for param in params), "params")
    return params


def _param(entry: dict[str, Any], place: str) -> Param:
    name = entry.get("name")
    if isinstance(name, bool) or not isinstance(name, (str, int)):
        raise InvalidModelError(f"{place}: a param has a name")
    declared = entry if entry.get("type") is not None else {**entry, "type": entry.get("dtype")}
    kind = type_from_json(declared, place)
    if isinstance(kind, (Array, SparkMLVector)):
        raise InvalidModelError(f"{place}: the type of a list is that of its items, with the shape [-1]")
    shape = entry.get("shape")
    if shape not in (None, [-1]):
        raise InvalidModelError(f"{place}: the shape is null or [-1], this is {_shown(shape)}")
    default = entry.get("default")
    if kind is DataType.DATETIME:
        default = _moments(default, place)
    return Param(str(name), kind, default, None if shape is None else (-1,))


def _moments(value: Any, place: str) -> Any:
    if isinstance(value, list):
        return [_moments(item, place) for item in value]
    if not isinstance(value, str):
        return value
    try:
        return dt.datetime.fromisoformat(value)
    except ValueError as error:
        raise InvalidModelError(f"{place}: the default {value!r} is no date") from error


def _schema_text(schema: Schema | None) -> str | None:
    if schema is None:
        return None
    if isinstance(schema, TensorSchema):
        return _text([_tensor_to_json(tensor) for tensor in schema.tensors])
    return _text([_column_to_json(column) for column in schema.columns])


def _text(entries: list[dict[str, Any]]) -> str:
    try:
        return json.dumps(entries)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidArgumentError(
            f"the signature cannot be written as JSON: {error}",
            hint=f"defaults of params are plain values, nested at most {MAX_DEPTH} deep",
        ) from error


def _column_to_json(column: Column) -> dict[str, Any]:
    name = {} if column.name is None else {"name": column.name}
    return {**type_to_json(column.type), **name, "required": column.required}


def _tensor_to_json(tensor: Tensor) -> dict[str, Any]:
    name = {} if tensor.name is None else {"name": tensor.name}
    required = {} if tensor.required else {"required": False}
    return {**name, "type": "tensor", "tensor-spec": {"dtype": tensor.dtype, "shape": list(tensor.shape)}, **required}


def _param_to_json(param: Param) -> dict[str, Any]:
    default = _moments_to_json(param.default) if param.type is DataType.DATETIME else param.default
    shape = None if param.shape is None else list(param.shape)
    return {"name": param.name, "default": default, "shape": shape, **type_to_json(param.type)}


def _moments_to_json(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_moments_to_json(item) for item in value]
    return value.isoformat() if isinstance(value, dt.date) else value

"""YAML as it may stand in a model directory: plain values only, bounded, read the way MLflow's files were written.

The dialect is PyYAML's YAML 1.1, which wrote nearly every `MLmodel` file there is. The reader goes over the parser's
events itself: that refuses what it must before anything is built, and takes a third of the time of `yaml.safe_load`.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn

import yaml
from yaml.constructor import SafeConstructor
from yaml.resolver import Resolver

from modelpack.errors import InvalidArgumentError, InvalidModelError

if TYPE_CHECKING:
    from yaml.error import Mark

MAX_BYTES = 16 * 2**20
"""The largest file that is read: a signature of a hundred thousand columns takes about half of it."""
MAX_DEPTH = 64
"""The deepest nesting that is read or written; files in the wild stay below eight."""
MAX_NODES = 100_000
"""The most keys and values that are read; a signature counts as one, since it is JSON in a string."""
MAX_DIGITS = 1000
"""The longest number that is read; PyYAML's time for `1:1:1:…` grows with the square of the length."""

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_RESOLVERS: dict[str | None, list[tuple[str, Any]]] = Resolver.yaml_implicit_resolvers
_NULL = "tag:yaml.org,2002:null"
_MERGE = "tag:yaml.org,2002:merge"
_OPAQUE_KEYS = frozenset({"metadata", "config"})
_TEXT_KEYS = frozenset({"run_id", "model_id", "model_uuid", "utc_time_created"})


def read_yaml(text: str | bytes, *, source: str) -> Any:
    """Read one YAML document of plain values.

    Scalars are read as PyYAML reads them, with one exception: a value under a key that ends in `version`, and under
    `run_id`, `model_id`, `model_uuid` and `utc_time_created`, is text as it was written (`python_version: 3.10` is
    "3.10" and no number). It does not hold for the user's own mappings under `metadata` and `config`. A BOM and CRLF
    line ends are accepted.

    Args:
        text: The document; bytes are UTF-8.
        source: What the document is, for messages; best a path.

    Returns:
        Mappings, lists, strings, numbers, booleans, dates, times and None, shared with nothing.

    Raises:
        InvalidModelError: It is no UTF-8, no YAML, holds a tag, an alias, a merge or the same key twice, or exceeds
            `MAX_BYTES`, `MAX_DEPTH` or `MAX_NODES`. The message names the source and the line.
    """
    decoded = _decoded(text, source)
    reader = None
    try:
        reader = _DocumentReader(decoded, source)
        return reader.document()
    except yaml.YAMLError as error:
        _refuse(error, decoded, source)
    finally:
        if reader is not None:
            reader.dispose()


def _decoded(text: str | bytes, source: str) -> str:
    if len(text) > MAX_BYTES:
        raise InvalidModelError(f"{source} is larger than {MAX_BYTES // 2**20} MiB, the most that is read as YAML")
    if isinstance(text, str):
        return text.removeprefix("\ufeff")
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidModelError(
            f"{source} is not UTF-8 text: byte 0x{text[error.start]:02x} at position {error.start}"
        ) from error


def _refuse(error: yaml.YAMLError, text: str, source: str) -> NoReturn:
    mark: Mark | None = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is not None:
        reason = getattr(error, "problem", None) or getattr(error, "context", None) or str(error)
        raise InvalidModelError(f"{_place(source, mark)}: {reason}") from error
    position = getattr(error, "position", None)
    line = text.count("\n", 0, position) + 1 if isinstance(position, int) else 1
    raise InvalidModelError(f"{source}, line {line}: {getattr(error, 'reason', None) or error}") from error


def _place(source: str, mark: Mark) -> str:
    return f"{source}, line {mark.line + 1}, column {mark.column + 1}"


class _DocumentReader:
    """Builds the values of one document from the parser's events."""

    __slots__ = ("_loader", "_next", "_nodes", "_source")

    def __init__(self, text: str, source: str) -> None:
        self._source = source
        self._nodes = 0
        try:
            self._loader = _Loader(text)
        except UnicodeEncodeError as error:
            raise InvalidModelError(f"{source} holds half of a surrogate pair, which is no character") from error
        self._next = self._loader.get_event

    def dispose(self) -> None:
        self._loader.dispose()

    def document(self) -> Any:
        self._next()
        start = self._next()
        if isinstance(start, yaml.StreamEndEvent):
            return None
        value = self._value(self._next(), 0)
        self._next()
        end = self._next()
        if not isinstance(end, yaml.StreamEndEvent):
            self._fail(end, "a second document begins here; one file holds one document")
        return value

    def _value(self, event: Any, depth: int, *, as_text: bool = False, opaque: bool = False) -> Any:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            self._fail(event, f"there are more than {MAX_NODES:,} keys and values")
        if isinstance(event, yaml.AliasEvent):
            self._fail(event, "aliases (*name) are not read in a model's files; write the value out")
        if event.tag is not None:
            self._fail(event, f"the tag {event.tag} is not read; a model's files hold plain values only")
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, as_text=as_text)
        if depth >= MAX_DEPTH:
            self._fail(event, f"values are nested more than {MAX_DEPTH} deep")
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(depth + 1, opaque=opaque)
        return self._sequence(depth + 1, opaque=opaque)

    def _mapping(self, depth: int, *, opaque: bool) -> dict[Any, Any]:
        result: dict[Any, Any] = {}
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            if not isinstance(event, (yaml.ScalarEvent, yaml.AliasEvent)):
                self._fail(event, "a key is a mapping or a list; keys are single values")
            key = self._value(event, depth)
            if key in result:
                self._fail(event, f"the key {key!r} stands twice in one mapping")
            as_text = not opaque and isinstance(key, str) and (key.endswith("version") or key in _TEXT_KEYS)
            result[key] = self._value(self._next(), depth, as_text=as_text, opaque=opaque or key in _OPAQUE_KEYS)
        return result

    def _sequence(self, depth: int, *, opaque: bool) -> list[Any]:
        result = []
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            result.append(self._value(event, depth, opaque=opaque))
        return result

    def _scalar(self, event: yaml.ScalarEvent, *, as_text: bool) -> Any:
        text: str = event.value
        if not event.implicit[0]:
            return text
        if len(text) > MAX_DIGITS:
            return self._long_scalar(event, text, as_text=as_text)
        for tag, pattern in _RESOLVERS.get(text[:1], ()):
            if pattern.match(text):
                return self._plain(event, tag, text, as_text=as_text)
        return text

    def _long_scalar(self, event: yaml.ScalarEvent, text: str, *, as_text: bool) -> str:
        if not as_text and not text.strip("0123456789_:.+-"):
            self._fail(event, f"a number has more than {MAX_DIGITS:,} characters")
        return text

    def _plain(self, event: yaml.ScalarEvent, tag: str, text: str, *, as_text: bool) -> Any:
        if tag == _NULL:
            return None
        if tag == _MERGE:
            self._fail(event, "merges (<<) are not read in a model's files; write the keys out")
        construct = _CONSTRUCTORS.get(tag)
        if as_text or construct is None:
            return text
        try:
            return construct(yaml.ScalarNode(tag, text))
        except (ValueError, OverflowError) as error:
            self._fail(event, f"{text!r:.60} looks like a {tag.rpartition(':')[2]} and is none: {error}")

    def _fail(self, event: Any, reason: str) -> NoReturn:
        raise InvalidModelError(f"{_place(self._source, event.start_mark)}: {reason}")


_constructor = SafeConstructor()
_CONSTRUCTORS = {
    "tag:yaml.org,2002:bool": _constructor.construct_yaml_bool,
    "tag:yaml.org,2002:int": _constructor.construct_yaml_int,
    "tag:yaml.org,2002:float": _constructor.construct_yaml_float,
    "tag:yaml.org,2002:timestamp": _constructor.construct_yaml_timestamp,
}


def write_yaml(value: Any) -> str:
    """Write plain values as `read_yaml`, MLflow and readers of YAML 1.1 and 1.2 read them back.

    Block style with sorted keys. A string that some reader would take for a number, a time, a truth value or null is
    quoted; what is not ASCII is escaped, since MLflow opens the file in the encoding of the platform.

    Raises:
        InvalidArgumentError: A value is no plain value, or too deeply nested or too large to be read again.
    """
    text: str = yaml.dump(
        plain_value(value),
        Dumper=_Dumper,
        default_flow_style=False,
        sort_keys=True,
        allow_unicode=False,
    )
    if len(text) > MAX_BYTES:
        raise InvalidArgumentError(f"the YAML is larger than {MAX_BYTES // 2**20} MiB, the most that is read again")
    return text


def plain_value(value: Any, place: str = "the value", depth: int = 0) -> Any:
    """A copy of mappings, lists and scalars made of Python's own types, which shares nothing with the original.

    Subclasses become what they derive from: an `OrderedDict` a dict, a tuple a list, a NumPy `float64` a float.

    Args:
        value: What is to be written.
        place: What it is, for messages.
        depth: How deep it stands already.

    Raises:
        InvalidArgumentError: Something in it is no plain value, or is nested deeper than `MAX_DEPTH`.
    """
    if value is None or type(value) in _PLAIN_TYPES:
        return value
    if depth > MAX_DEPTH:
        raise InvalidArgumentError(f"{place} is nested more than {MAX_DEPTH} deep, or contains itself")
    if isinstance(value, Mapping):
        return {
            plain_value(key, f"a key of {place}", MAX_DEPTH): plain_value(item, f"{place}: {key}", depth + 1)
            for key, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [plain_value(item, f"{place}[{index}]", depth + 1) for index, item in enumerate(value)]
    return _plain_scalar(value, place)


def _plain_scalar(value: Any, place: str) -> Any:
    scalar = value.item() if type(value).__module__ == "numpy" and getattr(value, "ndim", None) == 0 else value
    if isinstance(scalar, str):
        return str.__str__(scalar)
    if isinstance(scalar, dt.datetime):
        return dt.datetime.fromisoformat(scalar.isoformat())
    for plain in (bool, int, float):
        if isinstance(scalar, plain):
            return plain(scalar)
    if type(scalar) in _PLAIN_TYPES:
        return scalar
    raise InvalidArgumentError(
        f"{place} is a {type(value).__module__}.{type(value).__qualname__}, which a model's files cannot hold",
        hint="use text, numbers, true and false, None, dates, lists and mappings",
    )


_PLAIN_TYPES = frozenset({str, bool, int, float, dt.datetime, dt.date})

_READ_OTHERWISE = re.compile(
    r"""
      [yYnN]                                                       # truth values in YAML 1.1, text for PyYAML
    | [-+]?0[xXoObB][0-9a-fA-F_]+                                  # numbers of other bases: 0o17 in YAML 1.2
    | [-+]?(?:\.[0-9_]+|[0-9][0-9_,]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9_]+)?  # 1e5 in YAML 1.2, 1,000 in Ruby
    """,
    re.VERBOSE,
)
_OUTSIDE_ASCII = re.compile(r"[^ -~]")


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc] # which of both is there
    """Writes strings so that they stay strings, and every value out instead of an alias."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - PyYAML's signature
        return True

    def represent_text(self, text: str) -> yaml.ScalarNode:
        style = None
        if _OUTSIDE_ASCII.search(text):
            style = '"'
        elif _READ_OTHERWISE.fullmatch(text):
            style = "'"
        node: yaml.ScalarNode = self.represent_scalar("tag:yaml.org,2002:str", text, style=style)
        return node


_Dumper.add_representer(str, _Dumper.represent_text)

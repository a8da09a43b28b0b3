"""Inferring params from their default values."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from modelpack.errors import InvalidArgumentError
from modelpack.schema.numpy_types import is_numpy
from modelpack.schema.signature import AnyType, DataType, Object, Param
from modelpack.schema.value_types import is_missing, settled, shared_type, value_type

if TYPE_CHECKING:
    from collections.abc import Mapping

_BY_HAND = "declare it by hand, for example Param({name!r}, DataType.STRING, default=None)"


def infer_params(params: Mapping[str, Any]) -> tuple[Param, ...]:
    """Infer params from their default values: scalars, flat lists and dicts; NumPy's become Python's own.

    Raises:
        InvalidArgumentError: A default has no type that params know: None, bytes, an empty or nested list, a list of
            values of different types; the message names the param.
    """
    if not hasattr(params, "items"):
        raise InvalidArgumentError(f"params are a dict of names and default values, not a {type(params).__name__}")
    return tuple(_param(name, value) for name, value in params.items())


def _param(name: Any, value: Any) -> Param:
    if not isinstance(name, str):
        raise InvalidArgumentError(f"the param {name!r} has a name that is no text")
    default = _python(value)
    if isinstance(default, list):
        return Param(name, _list_type(name, default), default, (-1,))
    kind = settled(value_type(default, f"param {name!r}")) if not _is_nan(default) else DataType.DOUBLE
    if not isinstance(kind, (DataType, Object)) or kind is DataType.BINARY:
        raise _no_type(name, value)
    return Param(name, kind, default)


def _list_type(name: str, default: list[Any]) -> DataType:
    kind = shared_type(default, f"param {name!r}") if None not in default else AnyType()
    if not isinstance(kind, DataType) or kind is DataType.BINARY:
        raise _no_type(name, default)
    return kind


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and is_missing(value)


def _no_type(name: str, value: Any) -> InvalidArgumentError:
    return InvalidArgumentError(
        f"the type of the param {name!r} does not follow from its default {value!r:.80}",
        hint=_BY_HAND.format(name=name),
    )


def _python(value: Any) -> Any:
    if is_numpy(value):
        return _python((value.astype("datetime64[us]") if value.dtype.kind == "M" else value).tolist())
    if isinstance(value, (list, tuple)):
        return [_python(item) for item in value]
    if isinstance(value, dict):
        return {key: _python(item) for key, item in value.items()}
    if isinstance(value, dt.datetime) and type(value) is not dt.datetime and not is_missing(value):
        return dt.datetime.fromisoformat(value.isoformat())
    return value

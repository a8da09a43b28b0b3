"""Inferring params from their default values."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, cast

from modelpack.errors import InvalidArgumentError
from modelpack.schema.numpy_types import is_numpy
from modelpack.schema.signature import Array, ColumnType, DataType, Object, Param
from modelpack.schema.value_types import UNKNOWN, is_missing, settled, value_type

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
    kind, shape = value_type(value, f"param {name!r}"), None
    if isinstance(kind, Array):
        kind, shape = kind.items, (-1,)
    if kind == UNKNOWN and isinstance(default, float):
        kind = DataType.DOUBLE
    if not _is_param_type(kind, default):
        raise _no_type(name, value)
    if shape and kind in {DataType.FLOAT, DataType.DOUBLE}:
        default = [float(item) for item in default]
    return Param(name, cast("DataType | Object", settled(kind)), default, shape)


def _is_param_type(kind: ColumnType, default: Any) -> bool:
    if isinstance(default, list):
        return isinstance(kind, DataType) and kind is not DataType.BINARY and None not in default
    return isinstance(kind, (DataType, Object)) and kind is not DataType.BINARY


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

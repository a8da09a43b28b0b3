"""The params of `predict`: defaults filled in, values converted, unknown names refused."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from modelpack.errors import SchemaError
from modelpack.pyfunc.mismatch import Mismatch, listed, nearest, schema_error, shown, type_name
from modelpack.pyfunc.nested import converter, is_list

if TYPE_CHECKING:
    from collections.abc import Callable

    from modelpack.pyfunc.policy import Policy
    from modelpack.schema.signature import Param


class ParamsEnforcer:
    """Converts the params of one call; a param without a value gets its default, which may be None as in MLflow."""

    def __init__(self, params: tuple[Param, ...], policy: Policy) -> None:
        """Compile the converters for the params of one signature."""
        self._converters = {param.name: _converter(param, policy) for param in params}
        self._defaults = {param.name: _default(param, self._converters[param.name]) for param in params}
        self._types = {param.name: _described(param) for param in params}

    def __call__(self, params: Mapping[str, Any] | None) -> dict[str, Any]:
        """Every param of the signature with its value.

        Raises:
            SchemaError: A name is unknown or a value does not fit; it names every such param.
        """
        if not params:
            return deepcopy(self._defaults)
        if not isinstance(params, Mapping):
            raise SchemaError(f"params should be a mapping from names to values, not {shown(params)}")
        given = {str(name): value for name, value in params.items()}
        self._check_names(given)
        return {**deepcopy(self._defaults), **self._converted(given)}

    def _check_names(self, given: Mapping[str, Any]) -> None:
        unknown = [name for name in given if name not in self._defaults]
        if not unknown:
            return
        near = next(filter(None, (nearest(name, self._defaults) for name in unknown)), None)
        known = f"the model knows {listed(self._defaults)}" if self._defaults else "the model knows none"
        raise SchemaError(
            f"unknown params: {listed(unknown)}; {known}", hint=f"did you mean {near!r}?" if near else None
        )

    def _converted(self, given: Mapping[str, Any]) -> dict[str, Any]:
        found, complaints = {}, []
        for name, value in given.items():
            try:
                found[name] = None if value is None and self._defaults[name] is None else self._converters[name](value)
            except Mismatch as mismatch:
                complaints.append((mismatch.describe(f"param {name!r}", self._types[name]), mismatch.hint))
        if complaints:
            raise schema_error(complaints)
        return found


def _default(param: Param, convert: Callable[[Any], Any]) -> Any:
    """The default as its type, such as a date of its text; as the file has it where it is not of its type."""
    if param.default is None:
        return None
    try:
        return convert(param.default)
    except Mismatch:
        return param.default


def _described(param: Param) -> str:
    return type_name(param.type) if param.shape is None else f"list of {type_name(param.type)}"


def _converter(param: Param, policy: Policy) -> Callable[[Any], Any]:
    convert = converter(param.type, policy)
    if param.shape is None:
        return lambda value: _one(value, convert)
    return lambda value: _list(value, convert)


def _one(value: Any, convert: Callable[[Any], Any]) -> Any:
    if value is None:
        raise Mismatch("it is None")
    return convert(value)


def _list(value: Any, convert: Callable[[Any], Any]) -> list[Any]:
    if not is_list(value):
        raise Mismatch(f"{shown(value)} is no list")
    return [_one(item, convert) for item in value]

"""Estimators that take arrays although they were fitted to frames.

scikit-learn looks the names of a frame's columns up in every call, and warns when an array comes in its place. What it
computes is the same, so a copy of the estimator that has forgotten the names takes arrays in silence. The copy shares
everything else with the estimator.
"""

from __future__ import annotations

from types import BuiltinFunctionType, FunctionType
from typing import TYPE_CHECKING, Any

from modelpack.schema.signature import ColumnSchema

if TYPE_CHECKING:
    from modelpack.schema.signature import ModelSignature

_NAMES = "feature_names_in_"
_OUTPUT = "_sklearn_output_config"
_FRAME_READERS = {"ColumnTransformer", "FunctionTransformer", "CountVectorizer", "HashingVectorizer", "TfidfVectorizer"}
"""They choose columns by name, or hand a frame to a function that may; to those that count words it is its names."""
_ABOUT_TARGETS = {"TransformedTargetRegressor": {"func", "inverse_func", "transformer", "transformer_"}}
"""Attributes that never see the rows."""
_LIBRARIES = {"sklearn", "numpy", "scipy"}
_COMPILED_LOSS = ("_loss", "Cy")
"""The module that older releases give `CyHalfPoissonLoss` and its like, and how their names begin."""
_PLAIN = (str, bytes, int, float, complex, type, range, slice, type(None), type(Ellipsis))


class _UnsureError(Exception):
    """Something in the estimator may tell an array from a frame."""


def taking_arrays(model: Any, signature: ModelSignature | None) -> Any:
    """The estimator as one that answers for an array, in silence, what it answers for a frame of the same numbers.

    Args:
        model: A fitted estimator.
        signature: Its signature, whose columns the array has.

    Returns:
        The estimator itself where it knows no names, a copy where it does. None where it is not sure that an array
        makes no difference: a part selects columns by name, was fitted to other names or in another order, answers with
        frames, or comes from elsewhere than scikit-learn.
    """
    from sklearn import get_config

    schema = None if signature is None else signature.inputs
    if not isinstance(schema, ColumnSchema) or get_config()["transform_output"] != "default":
        return None
    try:
        return _Copier(list(schema.names)).copy(model)
    except _UnsureError:
        return None


class _Copier:
    """Copies what holds names, down to them, and nothing else."""

    def __init__(self, names: list[Any]) -> None:
        self._names = names
        self._copies: dict[int, Any] = {}

    def copy(self, value: Any) -> Any:
        """The value without names; the very value where it has none.

        Raises:
            _UnsureError: It is, or holds, something that may need a frame.
        """
        if isinstance(value, _PLAIN):
            return value
        key = id(value)
        if key not in self._copies:
            self._copies[key] = value  # for what refers to itself
            self._copies[key] = self._copied(value)
        return self._copies[key]

    def _copied(self, value: Any) -> Any:
        kind = type(value)
        if kind in {list, tuple, set, frozenset}:
            items = list(map(self.copy, value))
            return kind(items) if _differ(items, value) else value
        if kind is dict:
            items = list(map(self.copy, value.values()))
            return dict(zip(value, items, strict=True)) if _differ(items, value.values()) else value
        if isinstance(value, (FunctionType, BuiltinFunctionType)):
            return _known(value, value.__module__)
        if (kind.__module__, kind.__name__[:2]) == _COMPILED_LOSS:
            return value
        _known(value, kind.__module__)
        if getattr(value, "ndim", 0) and value.dtype.hasobject:
            return self._array(value)
        return self._object(value) if _is_of("sklearn", kind.__module__) and hasattr(value, "__dict__") else value

    def _array(self, array: Any) -> Any:
        flat = array.ravel()
        items = list(map(self.copy, flat))
        if not _differ(items, flat):
            return array
        copy = array.copy()
        copy.ravel()[:] = items
        return copy

    def _object(self, value: Any) -> Any:
        """An estimator, or what one of them keeps."""
        state = vars(value)
        kind = type(value)
        if kind.__name__ in _FRAME_READERS or not set(state.get(_OUTPUT, {}).values()) <= {None, "default"}:
            raise _UnsureError
        if _NAMES in state and list(state[_NAMES]) != self._names:
            raise _UnsureError
        untouched = _ABOUT_TARGETS.get(kind.__name__, ())
        kept = {name: part if name in untouched else self.copy(part) for name, part in state.items() if name != _NAMES}
        if _NAMES not in state and not _differ(kept.values(), state.values()):
            return value
        copy = object.__new__(kind)
        vars(copy).update(kept)
        return copy


def _differ(copies: Any, values: Any) -> bool:
    return any(copy is not value for copy, value in zip(copies, values, strict=True))


def _known(value: Any, module: str | None) -> Any:
    if not any(_is_of(library, module) for library in _LIBRARIES):
        raise _UnsureError
    return value


def _is_of(library: str, module: str | None) -> bool:
    return (module or "").partition(".")[0] == library

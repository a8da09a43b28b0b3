"""A fitted pipeline of scikit-learn as a bundle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelpack.errors import InvalidArgumentError
from modelpack_flavor_mleap.bundle import Bundle
from modelpack_flavor_mleap.errors import MLeapSerializationException
from modelpack_flavor_mleap.node import Node
from modelpack_flavor_mleap.schema import Field, Schema
from modelpack_flavor_mleap.sklearn.builder import Builder, Part

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from modelpack_flavor_mleap.sklearn.builder import Block

    Transformer = Callable[[Any, Block, Builder], Block]
    Model = Callable[[Any, Block, Builder], None]


def convert(model: Any, sample: Any) -> Bundle:
    """Make a bundle of a pipeline, a column transformer, or a single step.

    Args:
        model: It, fitted.
        sample: Rows that it takes, for the names of the columns where it was fitted to an array.

    Raises:
        InvalidArgumentError: It is not fitted.
        MLeapSerializationException: It has a step that cannot be written.
    """
    _check_fitted(model)
    names = _names(model, sample)
    builder = Builder(names)
    block = _Converter(builder).apply(model, tuple(map(Part, names)), "")
    if block is not None:
        builder.vector(block)
    return Bundle(Node.pipeline("pipeline", tuple(builder.nodes)), Schema(_fields(names, builder.nodes)))


class _Converter:
    """Walks through what is made of steps."""

    def __init__(self, builder: Builder) -> None:
        from modelpack_flavor_mleap.sklearn import columnwise, ensembles, models, vectorwise

        self._builder = builder
        self._transformers: Mapping[str, Transformer] = {**columnwise.TRANSFORMERS, **vectorwise.TRANSFORMERS}
        self._models: Mapping[str, Model] = {**models.MODELS, **ensembles.MODELS}
        self._composites = {
            "Pipeline": self._pipeline,
            "ColumnTransformer": self._columns,
            "FeatureUnion": self._union,
        }

    def apply(self, step: Any, block: Block, name: str) -> Block | None:
        """Add a step; None when it was a model, which ends the pipeline."""
        if step is None or isinstance(step, str):
            return () if step == "drop" else block
        kind = type(step).__name__
        if not type(step).__module__.startswith("sklearn."):
            raise self._unsupported(step, name)
        try:
            if kind in self._composites:
                return self._composites[kind](step, block, name)
            if kind in self._transformers:
                return self._transformers[kind](step, block, self._builder)
            if kind in self._models:
                self._models[kind](step, block, self._builder)
                return None
        except MLeapSerializationException as error:
            if error.message.startswith("step "):
                raise
            raise MLeapSerializationException(
                f"{_told(step, name)} cannot be written: {error.message}", hint=error.hint
            ) from error
        raise self._unsupported(step, name)

    def _pipeline(self, step: Any, block: Block, name: str) -> Block | None:
        result: Block | None = block
        for inner, each in step.steps:
            if result is None:
                raise MLeapSerializationException("a model stands before the last step")
            result = self.apply(each, result, _path(name, inner))
        return result

    def _columns(self, step: Any, block: Block, name: str) -> Block:
        if any(part.width is not None for part in block):
            raise MLeapSerializationException("it takes columns, and an earlier step has made vectors of them")
        made: list[Part] = []
        known = [str(label) for label in getattr(step, "feature_names_in_", [part.name for part in block])]
        for inner, each, columns in step.transformers_:
            chosen = tuple(block[place] for place in _places(columns, known))
            if chosen:
                made += self._required(each, chosen, _path(name, inner))
        return tuple(made)

    def _union(self, step: Any, block: Block, name: str) -> Block:
        return tuple(
            part for inner, each in step.transformer_list for part in self._required(each, block, _path(name, inner))
        )

    def _required(self, step: Any, block: Block, name: str) -> Block:
        made = self.apply(step, block, name)
        if made is None:
            raise MLeapSerializationException(f"{_told(step, name)} is a model, where columns are made")
        return made

    def _unsupported(self, step: Any, name: str) -> MLeapSerializationException:
        supported = sorted([*self._composites, *self._transformers, *self._models])
        return MLeapSerializationException(
            f"{_told(step, name)} cannot be written to a bundle", hint=f"these can: {', '.join(supported)}"
        )


def _fields(names: list[str], nodes: list[Node]) -> tuple[Field, ...]:
    """The columns, all of them: an array has also those that no step reads."""
    texts = {
        name for node in nodes if node.op == "string_indexer" and _has_texts(node) for name in node.inputs.values()
    }
    return tuple(Field(name, "string" if name in texts else "double") for name in names)


def _has_texts(node: Node) -> bool:
    return not all(map(_is_number, node.attributes.texts("labels_array_0")))


def _is_number(label: str) -> bool:
    try:
        float(label)
    except ValueError:
        return False
    return True


def _check_fitted(model: Any) -> None:
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.validation import check_is_fitted

    last = model.steps[-1][1] if type(model).__name__ == "Pipeline" and model.steps else model
    if isinstance(last, str) or not hasattr(last, "fit"):
        return
    try:
        check_is_fitted(last)
    except (NotFittedError, TypeError) as error:
        raise InvalidArgumentError(
            f"the {type(model).__name__} has not been fitted", hint="fit it and save it then"
        ) from error


def _names(model: Any, sample: Any) -> list[str]:
    """The columns: those of the frame it was fitted to, of the sample, or x0, x1 and so on."""
    known = getattr(model, "feature_names_in_", None)
    if known is None:
        known = getattr(sample, "columns", None)
    if known is None:
        known = [f"x{place}" for place in range(_width(model))]
    names = [str(name) for name in known]
    if len(set(names)) != len(names):
        raise InvalidArgumentError("two columns have one name", hint="give each column a name of its own")
    return names


def _width(model: Any) -> int:
    width = getattr(model, "n_features_in_", None)
    if width is None:
        raise InvalidArgumentError(
            f"the {type(model).__name__} does not say how many columns it takes", hint="give some rows as sample_input"
        )
    return int(width)


def _places(columns: Any, known: list[str]) -> list[int]:
    """The places of columns as a ColumnTransformer has them: names, numbers, a slice, or a mask."""
    import numpy as np

    if isinstance(columns, str) or (np.ndim(columns) == 0 and not isinstance(columns, slice)):
        columns = [columns]
    if isinstance(columns, slice):
        if any(isinstance(end, str) for end in (columns.start, columns.stop)):
            raise MLeapSerializationException("its columns are a slice of names; list them instead")
        return list(range(len(known)))[columns]
    chosen = list(columns)
    if any(isinstance(each, str) for each in chosen):
        return [known.index(str(each)) for each in chosen]
    return [int(place) for place in np.arange(len(known))[np.asarray(chosen, dtype=None if chosen else int)]]


def _path(name: str, inner: str) -> str:
    return f"{name}.{inner}" if name else inner


def _told(step: Any, name: str) -> str:
    kind = type(step).__name__
    return f"step {name!r}, the {kind}," if name else f"the {kind}"

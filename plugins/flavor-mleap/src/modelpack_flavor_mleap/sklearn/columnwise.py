"""Transformers that work on each column by itself: of texts, of categories, of what is missing."""

from __future__ import annotations

from numbers import Real
from typing import TYPE_CHECKING, Any

from modelpack_flavor_mleap import values
from modelpack_flavor_mleap.errors import MLeapSerializationException
from modelpack_flavor_mleap.sklearn.builder import Part, scalars

if TYPE_CHECKING:
    from modelpack_flavor_mleap.sklearn.builder import Block, Builder


def simple_imputer(step: Any, block: Block, builder: Builder) -> Block:
    """A number for what is missing, another for each column."""
    import numpy as np

    if step.add_indicator:
        raise MLeapSerializationException("MLeap's imputer has no add_indicator")
    if any(not isinstance(each, Real) for each in [step.missing_values, *step.statistics_]):
        raise MLeapSerializationException("MLeap's imputer takes numbers")
    statistics, missing = np.asarray(step.statistics_, dtype=float), step.missing_values
    if np.isnan(statistics).any():
        raise MLeapSerializationException("it was fitted to a column without any number")
    told = {
        "missing_value": values.number(missing),
        "strategy": values.text(step.strategy),
        "nullable_input": values.flag(True),  # noqa: FBT003 - what is encoded
    }
    return builder.each(block, "imputer", [{"surrogate_value": values.number(each), **told} for each in statistics])


def ordinal_encoder(step: Any, block: Block, builder: Builder) -> Block:
    """The place of each text."""
    _check_categories(step)
    keeps = step.handle_unknown == "use_encoded_value"
    if keeps and any(step.unknown_value != len(each) for each in step.categories_):
        raise MLeapSerializationException(
            "MLeap has the number of categories for unknown ones, and no other unknown_value"
        )
    return _indexed(step.categories_, block, builder, keeps=keeps)


def one_hot_encoder(step: Any, block: Block, builder: Builder) -> Block:
    """A vector for each text."""
    _check_categories(step)
    keeps = step.handle_unknown == "ignore"
    if not keeps and step.handle_unknown != "error":
        raise MLeapSerializationException(f"MLeap has no handle_unknown={step.handle_unknown!r}")
    dropped = step.drop_idx_ if step.drop_idx_ is not None else [None] * len(step.categories_)
    if keeps and any(place is not None for place in dropped):
        raise MLeapSerializationException("MLeap cannot drop a category and ignore unknown ones")
    ordered = [_with_last(each, place) for each, place in zip(step.categories_, dropped, strict=True)]
    indexed = _indexed(ordered, block, builder, keeps=keeps)
    return tuple(
        _hot(source, len(labels), builder, keeps=keeps, drops=place is not None)
        for source, labels, place in zip(indexed, ordered, dropped, strict=True)
    )


def k_bins_discretizer(step: Any, block: Block, builder: Builder) -> Block:
    """The bucket of each number, as a number or as a vector."""
    infinity = float("inf")
    edges = [[-infinity, *each[1:-1], infinity] for each in step.bin_edges_]
    told = [{"splits": values.numbers(each), "handle_invalid": values.text("error")} for each in edges]
    buckets = builder.each(block, "bucketizer", told)
    if step.encode == "ordinal":
        return buckets
    return tuple(_hot(source, len(each) - 1, builder) for source, each in zip(buckets, edges, strict=True))


def passed_through(step: Any, block: Block, builder: Builder) -> Block:  # noqa: ARG001 - every transformer's
    """The columns as they are: what `passthrough` becomes when it is fitted."""
    if step.func is not None:
        raise MLeapSerializationException("MLeap has no functions of Python's")
    return block


def _hot(source: Part, count: int, builder: Builder, *, keeps: bool = False, drops: bool = False) -> Part:
    """A vector for each number, of zeros for one that is not known, or for the last."""
    part = Part(builder.name(f"{source.name}_vector"), count - drops)
    attributes = {
        "category_sizes": values.smalls([count]),
        "handle_invalid": values.text("keep" if keeps else "error"),
        "drop_last": values.flag(keeps or drops),
    }
    builder.add("one_hot_encoder", {"input0": source.name}, {"output0": part.name}, attributes)
    return part


def _indexed(categories: Any, block: Block, builder: Builder, *, keeps: bool) -> Block:
    made = []
    for source, labels in zip(scalars(block, "string_indexer"), categories, strict=True):
        part = Part(builder.name(f"{source.name}_index"))
        attributes = {
            "labels_length": values.small(1),
            "handle_invalid": values.text("keep" if keeps else "error"),
            "labels_array_0": values.texts(_label(each) for each in labels),
        }
        builder.add("string_indexer", {"input0": source.name}, {"output0": part.name}, attributes)
        made.append(part)
    return tuple(made)


def _check_categories(step: Any) -> None:
    if any(each is not None for each in getattr(step, "infrequent_categories_", [])):
        raise MLeapSerializationException("MLeap has no infrequent categories")
    if any(label is None or label != label for labels in step.categories_ for label in labels):  # noqa: PLR0124 - NaN
        raise MLeapSerializationException("MLeap has no category for what is missing; impute it before")


def _with_last(labels: Any, place: int | None) -> list[Any]:
    """The labels with the one at a place at the end, where the vectors leave it out."""
    listed = list(labels)
    return listed if place is None else [*listed[:place], *listed[place + 1 :], listed[place]]


def _label(value: Any) -> str:
    """As Java would write it."""
    import numpy as np

    if isinstance(value, bool | np.bool_ | float | np.floating):
        return repr(float(value))
    return str(value)


TRANSFORMERS = {
    "SimpleImputer": simple_imputer,
    "OrdinalEncoder": ordinal_encoder,
    "OneHotEncoder": one_hot_encoder,
    "KBinsDiscretizer": k_bins_discretizer,
    "FunctionTransformer": passed_through,
}

"""What a model writes: its prediction, and for classifiers what it is made of, with the labels that they have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelpack_flavor_mleap import values
from modelpack_flavor_mleap.errors import MLeapSerializationException

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelpack_flavor_mleap.sklearn.builder import Block, Builder
    from modelpack_flavor_mleap.tree import Tree

PREDICTION = "prediction"


def model(builder: Builder, block: Block, op: str, attributes: Mapping[str, Any], trees: tuple[Tree, ...] = ()) -> None:
    """Add a model that answers a number."""
    builder.add(op, {"features": builder.vector(block).name}, {"prediction": PREDICTION}, attributes, trees)


def classifier(
    builder: Builder,
    block: Block,
    op: str,
    attributes: Mapping[str, Any],
    classes: Any,
    trees: tuple[Tree, ...] = (),
    *,
    probability: bool = True,
) -> None:
    """Add a classifier, and what turns the number of the class into its label.

    MLeap's classifiers answer 0, 1 and so on. Labels of text come by one more step; other numbers by two, for MLeap
    has none from numbers to numbers.
    """
    import numpy as np

    labels = np.asarray(classes)
    if labels.ndim != 1:
        raise MLeapSerializationException("it has several outputs")
    plain = labels.dtype.kind in "biuf" and np.array_equal(labels, np.arange(len(labels)))
    outputs = {"raw_prediction": builder.name("raw_prediction")}
    if probability:
        outputs["probability"] = builder.name("probability")
    outputs["prediction"] = PREDICTION if plain else builder.name("class_index")
    builder.add(op, {"features": builder.vector(block).name}, outputs, attributes, trees)
    if plain:
        return
    if labels.dtype.kind not in "biuf":
        _labelled(builder, outputs["prediction"], [str(each) for each in labels], PREDICTION)
        return
    texts = [repr(float(each)) for each in labels]
    named = builder.name("class_label")
    _labelled(builder, outputs["prediction"], texts, named)
    told = {"labels": values.texts(texts), "values": values.numbers(labels)}
    builder.add("string_map", {"input": named}, {"output": PREDICTION}, told)


def _labelled(builder: Builder, source: str, labels: list[str], output: str) -> None:
    told = {"labels": values.texts(labels), "input_shape": values.a_shape(None, nullable=False)}
    builder.add("reverse_string_indexer", {"input": source}, {"output": output}, told)

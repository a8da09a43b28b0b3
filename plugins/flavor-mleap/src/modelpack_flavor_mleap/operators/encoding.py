"""Texts and categories: labels to numbers, numbers to labels, and to vectors of zeros and a one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelpack.errors import SchemaError
from modelpack_flavor_mleap.attributes import MAX_WIDTH
from modelpack_flavor_mleap.sparse import SparseRows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelpack_flavor_mleap.columns import Columns
    from modelpack_flavor_mleap.node import Node
    from modelpack_flavor_mleap.operators.step import Step
    from modelpack_flavor_mleap.sparse import Array, Vectors

_NARROW = 256
"""Up to this width a vector with a single one is no sparser than it is fast."""


def string_indexer(node: Node) -> Step:
    """The place of each text among the labels; unknown ones refused, skipped, or the last place."""
    attributes = node.attributes
    inputs, outputs = node.several()
    names = ["labels"] if "labels" in attributes else [f"labels_array_{place}" for place in range(len(inputs))]
    labels = [attributes.texts(name) for name in names]
    lookups = [_places(each) for each in labels]
    invalid = attributes.text("handle_invalid", "error")

    def run(columns: Columns) -> None:
        found = [_codes(columns[name], lookup, name) for name, lookup in zip(inputs, lookups, strict=True)]
        if invalid == "skip":
            mask = _all_known(found)
            columns.keep(mask)
            found = [codes[mask] for codes in found]
        for name, output, codes, known in zip(inputs, outputs, found, labels, strict=True):
            if invalid == "keep":
                codes[codes < 0] = len(known)
            elif len(codes) and codes.min() < 0:
                raise _unseen(columns, name, int(codes.argmin()), len(known))
            columns[output] = codes

    return run


def reverse_string_indexer(node: Node) -> Step:
    """The label at each place."""
    import numpy as np

    labels = np.array(node.attributes.texts("labels"), dtype=object)
    source, output = node.input("input", "input0"), node.output("output", "output0")

    def run(columns: Columns) -> None:
        places = columns.numbers(source)
        wrong = ~((places >= 0) & (places < len(labels)))
        if wrong.any():
            raise SchemaError(f"the column {source!r} holds {places[wrong][0]}, and there are {len(labels)} labels")
        columns[output] = labels[places.astype(np.intp)]

    return run


def string_map(node: Node) -> Step:
    """The number of each text; for unknown ones an error, or a default."""
    import numpy as np

    attributes = node.attributes
    labels, numbers = attributes.texts("labels"), attributes.numbers("values")
    if len(labels) != len(numbers):
        raise attributes.wrong("values", f"a list of {len(numbers)} for {len(labels)} labels")
    lookup = dict(zip(labels, numbers.tolist(), strict=True))
    default = attributes.number("default_value", 0.0) if attributes.text("handle_invalid", "error") == "keep" else None
    source, output = node.input("input"), node.output("output")

    def run(columns: Columns) -> None:
        texts = columns.texts(source)
        unseen = [text for text in texts if text not in lookup]
        if default is None and unseen:
            raise SchemaError(f"the column {source!r} holds {unseen[0]!r:.60}, which the model does not know")
        columns[output] = np.array([lookup.get(text, default) for text in texts], dtype=float)

    return run


def one_hot_encoder(node: Node) -> Step:
    """A vector with a one at the place of each number."""
    attributes = node.attributes
    inputs, outputs = node.several()
    drops = attributes.flag("drop_last", True)  # noqa: FBT003 - Spark's default
    if "size" in attributes:  # before MLeap 0.16, when what was not known became zeros
        sizes = [attributes.whole("size")]
        invalid = attributes.text("handle_invalid", "keep" if drops else "error")
    else:
        sizes = attributes.wholes("category_sizes")
        invalid = attributes.text("handle_invalid", "error")
    if len(sizes) != len(inputs) or not all(0 <= size < MAX_WIDTH for size in sizes):
        raise attributes.wrong("category_sizes", f"{sizes!r:.60} for {len(inputs)} columns")
    keeps = invalid == "keep"

    def run(columns: Columns) -> None:
        for name, output, size in zip(inputs, outputs, sizes, strict=True):
            places = _categories(columns.numbers(name), size, name, keeps=keeps)
            columns[output] = one_hot(places, size + keeps - drops)

    return run


def one_hot(places: Array, width: int) -> Vectors:
    """Vectors with a one at each place, and only zeros where the place is beyond the width."""
    import numpy as np

    rows = np.flatnonzero(places < width)
    if width > _NARROW:
        return SparseRows(len(places), width, rows, places[rows], np.ones(len(rows)))
    vectors = np.zeros((len(places), width))
    vectors[rows, places[rows]] = 1.0
    return vectors


def _categories(numbers: Array, size: int, name: str, *, keeps: bool) -> Array:
    import numpy as np

    known = (numbers >= 0) & (numbers < size)
    if not keeps and not known.all():
        raise SchemaError(f"the column {name!r} holds {numbers[~known][0]}, and the model knows {size} categories")
    return np.where(known, numbers, size).astype(np.intp)


def _places(labels: Sequence[str]) -> dict[Any, float]:
    """The place of each label, also when the column holds numbers: Spark indexes them as texts."""
    lookup: dict[Any, float] = {}
    for place, label in enumerate(labels):
        lookup.setdefault(label, float(place))
        try:
            lookup.setdefault(float(label), float(place))
        except ValueError:
            continue
    return lookup


def _codes(values: Any, lookup: dict[Any, float], name: str) -> Array:
    import numpy as np

    if isinstance(values, SparseRows) or values.ndim != 1:
        raise SchemaError(f"the column {name!r} holds vectors, where the model takes texts")
    get = lookup.get
    try:
        return np.array([get(value, -1.0) for value in values.tolist()], dtype=float)
    except TypeError as error:
        raise SchemaError(f"the column {name!r} holds something else than texts") from error


def _all_known(found: list[Array]) -> Array:
    import numpy as np

    return np.logical_and.reduce([codes >= 0 for codes in found])


def _unseen(columns: Columns, name: str, row: int, count: int) -> SchemaError:
    value = columns[name].tolist()[row]
    what = "nothing" if value is None else f"{value!r:.60}"
    return SchemaError(
        f"the column {name!r} holds {what}, which is none of the {count} labels that the model knows",
        hint="a StringIndexer with handleInvalid='keep' takes what it has not seen",
    )


OPERATORS = {
    "string_indexer": string_indexer,
    "reverse_string_indexer": reverse_string_indexer,
    "string_map": string_map,
    "one_hot_encoder": one_hot_encoder,
}

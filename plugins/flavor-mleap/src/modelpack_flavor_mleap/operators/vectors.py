"""Vectors made of columns, and of each other."""

from __future__ import annotations

import re
from functools import reduce
from typing import TYPE_CHECKING, Any

from modelpack.errors import SchemaError
from modelpack_flavor_mleap.operators.step import mapped
from modelpack_flavor_mleap.sparse import SparseRows, beside, dense, dot
from modelpack_flavor_mleap.sparse import columns as chosen_columns

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from modelpack_flavor_mleap.attributes import Attributes
    from modelpack_flavor_mleap.columns import Columns
    from modelpack_flavor_mleap.node import Node
    from modelpack_flavor_mleap.operators.step import Step
    from modelpack_flavor_mleap.sparse import Array, Vectors

_WIDEST = 1 << 20
_NARROW = 1024
"""Up to this width vectors are kept with every element, which is faster."""


def vector_assembler(node: Node) -> Step:
    """Numbers and vectors side by side. What is missing is an error, unless the bundle says to keep or skip it."""
    attributes = node.attributes
    inputs, output = node.listed(), node.output("output")
    widths = attributes.widths("input_shapes") if "input_shapes" in attributes else [-1] * len(inputs)
    if len(widths) != len(inputs):
        raise attributes.wrong("input_shapes", f"a list of {len(widths)} for {len(inputs)} columns")
    expected = [1 if width is None else None if width < 0 else width for width in widths]
    invalid = attributes.text("handle_invalid", "error")

    def run(columns: Columns) -> None:
        parts = [columns.vectors(name, width) for name, width in zip(inputs, expected, strict=True)]
        vectors = beside(parts)
        if isinstance(vectors, SparseRows) and vectors.width <= _NARROW:
            vectors = vectors.dense()
        columns[output] = vectors
        if invalid != "keep":
            _without_missing(columns, output, inputs, parts, skips=invalid == "skip")

    return run


def pca(node: Node) -> Step:
    """The projection on the principal components.

    They stand in the file component after component, whether Spark wrote them or MLeap's Python package, which gives
    the shape the other way round.
    """
    values, shape = node.attributes.tensor("principal_components")
    if len(shape) != 2 or 0 in shape:  # noqa: PLR2004 - a matrix
        raise node.attributes.wrong("principal_components", f"a tensor of shape {list(shape)}, not a matrix")

    def project(vectors: Vectors) -> Array:
        width = vectors.shape[1]
        if width not in shape:
            raise SchemaError(f"the model takes vectors of {shape[0]} or {shape[1]}, not of {width}")
        return dot(vectors, values.reshape(-1, width).T)

    return mapped(node, project)


def chi_sq_selector(node: Node) -> Step:
    """Some of the features."""
    return _selecting(node, node.attributes.wholes("filter_indices"))


def vector_slicer(node: Node) -> Step:
    """Some of the features, by their place and by the place that their name had."""
    attributes = node.attributes
    named = attributes.wholes("named_indices") if "named_indices" in attributes else []
    return _selecting(node, [*(attributes.wholes("indices") if "indices" in attributes else []), *named])


def vector_indexer(node: Node) -> Step:
    """The place of each value among those that a feature had, for features with few values."""
    import numpy as np

    attributes = node.attributes
    places = attributes.wholes("keys")
    maps = {place: _category_map(attributes, place) for place in places}
    width = attributes.whole("num_features")
    if any(not 0 <= place < width for place in places):
        raise attributes.wrong("keys", f"{places!r:.60}, and there are {width} features")
    invalid = attributes.text("handle_invalid", "error")
    source, output = node.input("input"), node.output("output")

    def run(columns: Columns) -> None:
        vectors = dense(columns.vectors(source, width)).copy()
        valid = np.ones(len(vectors), dtype=bool)
        for place, (keys, indices) in maps.items():
            known, codes = _looked_up(vectors[:, place], keys, indices)
            if invalid == "error" and not known.all():
                value = vectors[~known, place][0]
                raise SchemaError(f"the column {source!r} holds {value} as feature {place}, which the model never saw")
            vectors[:, place] = codes
            valid &= known
        columns[output] = vectors
        if invalid == "skip":
            columns.keep(valid)

    return run


def polynomial_expansion(node: Node) -> Step:
    """Products of the features up to a degree, in Spark's order."""
    import numpy as np

    degree = node.attributes.whole("degree")
    if not 1 <= degree <= 10:  # noqa: PLR2004 - Spark's default is 2
        raise node.attributes.wrong("degree", f"{degree}, not one of 1 to 10")
    known: dict[int, Array] = {}

    def expand(vectors: Vectors) -> Array:
        width = vectors.shape[1]
        if width not in known:
            _check_width(_polynomials(width, degree), node)
            known[width] = np.array(list(_exponents(width, degree))[1:])
        return _products(dense(vectors), known[width])

    return mapped(node, expand)


def sklearn_polynomial_expansion(node: Node) -> Step:
    """Products of the features, as a text such as `[x0,x1,x0^2,x0 x1]` lists them."""
    import numpy as np

    terms = node.attributes.text("combinations").strip("[]").split(",")
    powers = [
        {int(place): int(power or 1) for place, power in re.findall(r"x(\d+)(?:\^(\d+))?", term)} for term in terms
    ]
    width = 1 + max((place for each in powers for place in each), default=-1)
    if not width or width * len(powers) > _WIDEST * 64:
        raise node.attributes.wrong("combinations", "a text that names no features, or too many")
    exponents = np.zeros((len(powers), width), dtype=int)
    for row, each in enumerate(powers):
        for place, power in each.items():
            exponents[row, place] = power
    return mapped(node, lambda vectors: _products(dense(vectors), exponents), width)


def interaction(node: Node) -> Step:
    """The products of one element of each column with one of each other; categories are vectors with a one."""
    attributes = node.attributes
    inputs, output = node.listed(), node.output("output")
    specs = [attributes.wholes(f"num_features{place}") for place in range(attributes.whole("num_inputs"))]
    if len(specs) != len(inputs) or any(size < 1 for spec in specs for size in spec):
        raise attributes.wrong("num_inputs", f"{len(specs)}, and there are {len(inputs)} columns")
    _check_width(reduce(lambda product, spec: product * sum(spec), specs, 1), node)

    def run(columns: Columns) -> None:
        encoded = [
            _encoded(dense(columns.vectors(name, len(spec))), spec, name)
            for name, spec in zip(inputs, specs, strict=True)
        ]
        columns[output] = reduce(_outer, encoded)

    return run


def _without_missing(
    columns: Columns, output: str, inputs: Sequence[str], parts: Sequence[Vectors], *, skips: bool
) -> None:
    import numpy as np

    vectors = columns[output]
    elements = vectors.values if isinstance(vectors, SparseRows) else vectors
    missing = np.isnan(elements)
    if not missing.any():
        return
    if not skips:
        name = next(name for name, part in zip(inputs, parts, strict=True) if np.isnan(dense(part)).any())
        hint = "an Imputer, or handleInvalid='keep' or 'skip' of the VectorAssembler, takes it"
        raise SchemaError(f"the column {name!r} has a row without a number", hint=hint)
    mask = np.ones(columns.rows, dtype=bool)
    mask[vectors.row[missing] if isinstance(vectors, SparseRows) else missing.any(axis=1)] = False
    columns.keep(mask)


def _selecting(node: Node, places: list[int]) -> Step:
    import numpy as np

    chosen = np.array(places, dtype=np.intp)
    if chosen.size and chosen.min() < 0:
        raise node.attributes.wrong("filter_indices", "negative")

    def select(vectors: Vectors) -> Array:
        if chosen.size and vectors.shape[1] <= chosen.max():
            raise SchemaError(f"the model takes vectors of more than {chosen.max()}, not of {vectors.shape[1]}")
        return chosen_columns(vectors, chosen)

    return mapped(node, select)


def _category_map(attributes: Attributes, place: int) -> tuple[Array, Array]:
    import numpy as np

    keys, values = attributes.numbers(f"key_{place}_keys"), attributes.numbers(f"key_{place}_values")
    if len(keys) != len(values) or not len(keys):
        raise attributes.wrong(f"key_{place}_values", f"a list of {len(values)} for {len(keys)} keys")
    order = np.argsort(keys)
    return keys[order], values[order]


def _looked_up(numbers: Array, keys: Array, values: Array) -> tuple[Array, Array]:
    """Which numbers are among the keys, and the value of each; the number of keys for those that are not."""
    import numpy as np

    place = np.minimum(np.searchsorted(keys, numbers), len(keys) - 1)
    known = keys[place] == numbers
    return known, np.where(known, values[place], len(keys))


def _polynomials(width: int, degree: int) -> int:
    from math import comb

    return comb(width + degree, degree)


def _check_width(width: int, node: Node) -> None:
    if width > _WIDEST:
        raise SchemaError(f"the {node.op} {node.name!r} makes vectors of {width}, more than {_WIDEST}")


def _exponents(width: int, degree: int) -> Iterator[tuple[int, ...]]:
    """The powers of each feature in each product, the constant first."""
    if width == 0:
        yield ()
        return
    for power in range(degree + 1):
        for before in _exponents(width - 1, degree - power):
            yield (*before, power)


def _products(vectors: Array, exponents: Array) -> Array:
    import numpy as np

    result = np.ones((len(vectors), len(exponents)))
    for place in range(exponents.shape[1]):
        powers = exponents[:, place]
        used = np.flatnonzero(powers)
        result[:, used] *= vectors[:, place : place + 1] ** powers[used]
    return result


def _encoded(vectors: Array, spec: list[int], name: str) -> Array:
    import numpy as np

    parts = []
    for place, size in enumerate(spec):
        column = vectors[:, place : place + 1]
        if size == 1:
            parts.append(column)
            continue
        if not ((column >= 0) & (column < size)).all():
            raise SchemaError(f"the column {name!r} holds what is none of its {size} categories")
        parts.append((column.astype(np.intp) == np.arange(size)).astype(float))
    return np.concatenate(parts, axis=1)


def _outer(left: Array, right: Array) -> Array:
    return (left[:, :, None] * right[:, None, :]).reshape(len(left), left.shape[1] * right.shape[1])


OPERATORS: dict[str, Any] = {
    "vector_assembler": vector_assembler,
    "pca": pca,
    "chi_sq_selector": chi_sq_selector,
    "vector_slicer": vector_slicer,
    "vector_indexer": vector_indexer,
    "polynomial_expansion": polynomial_expansion,
    "sklearn_polynomial_expansion": sklearn_polynomial_expansion,
    "interaction": interaction,
}

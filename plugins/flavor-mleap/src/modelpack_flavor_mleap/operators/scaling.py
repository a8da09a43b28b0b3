"""Numbers to numbers, each feature by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelpack.errors import SchemaError
from modelpack_flavor_mleap.operators.step import mapped
from modelpack_flavor_mleap.sparse import SparseRows, dense

if TYPE_CHECKING:
    from collections.abc import Callable

    from modelpack_flavor_mleap.columns import Columns
    from modelpack_flavor_mleap.node import Node
    from modelpack_flavor_mleap.operators.step import Step
    from modelpack_flavor_mleap.sparse import Array, Vectors


def standard_scaler(node: Node) -> Step:
    """Less the mean, by the standard deviation, where each is there."""
    import numpy as np

    attributes = node.attributes
    mean = attributes.numbers("mean") if "mean" in attributes else None
    std = attributes.numbers("std") if "std" in attributes else None
    if std is None:
        std = np.ones(len(attributes.numbers("mean")))
    factors = _inverse(std)
    if mean is not None and len(mean) != len(factors):
        raise attributes.wrong("mean", f"a tensor of {len(mean)}, and std one of {len(factors)}")

    def scale(vectors: Vectors) -> Vectors:
        if mean is None:
            return scaled(vectors, factors)
        return (dense(vectors) - mean) * factors

    return mapped(node, scale, len(factors))


def min_max_scaler(node: Node) -> Step:
    """From the range that was seen to the one that is wanted; the middle of it for what was constant."""
    import numpy as np

    attributes = node.attributes
    low, high = attributes.numbers("min"), attributes.numbers("max")
    least, most = attributes.number("minValue", 0.0), attributes.number("maxValue", 1.0)
    if len(low) != len(high):
        raise attributes.wrong("max", f"a tensor of {len(high)}, and min one of {len(low)}")
    spread = high - low
    factors = np.where(spread == 0, 0.0, (most - least) / np.where(spread == 0, 1.0, spread))
    constant = np.where(spread == 0, 0.5 * (least + most), least)

    def scale(vectors: Vectors) -> Vectors:
        return (dense(vectors) - low) * factors + constant

    return mapped(node, scale, len(low))


def max_abs_scaler(node: Node) -> Step:
    """By the largest absolute value that was seen."""
    largest = node.attributes.numbers("maxAbs")
    factors = 1.0 / _with_ones(largest)
    return mapped(node, lambda vectors: scaled(vectors, factors), len(factors))


def elementwise_product(node: Node) -> Step:
    """Each feature by a number of its own."""
    factors = node.attributes.numbers("scaling_vec")
    return mapped(node, lambda vectors: scaled(vectors, factors), len(factors))


def idf(node: Node) -> Step:
    """Counts of words by how rare they are."""
    factors = node.attributes.numbers("idf")
    return mapped(node, lambda vectors: scaled(vectors, factors), len(factors))


def normalizer(node: Node) -> Step:
    """Each vector by its norm."""
    import numpy as np

    power = node.attributes.number("p_norm", 2.0)
    if not power >= 1 and "p_norm" in node.attributes:
        power = np.inf if np.isnan(power) else power  # null is how JSON has infinity

    def scale(vectors: Vectors) -> Vectors:
        if isinstance(vectors, SparseRows):
            return vectors.replaced(vectors.values / _sparse_norms(vectors, power)[vectors.row])
        norms = np.linalg.norm(vectors, ord=power, axis=1)
        return vectors / _with_ones(norms)[:, None]

    return mapped(node, scale)


def binarizer(node: Node) -> Step:
    """One above a threshold, zero up to it; of a number or of a vector."""
    threshold = node.attributes.number("threshold", 0.0)
    source, output = node.input("input"), node.output("output")

    def run(columns: Columns) -> None:
        values = columns[source]
        is_vector = isinstance(values, SparseRows) or values.ndim > 1
        numbers = dense(columns.vectors(source)) if is_vector else columns.numbers(source)
        columns[output] = (numbers > threshold).astype(float)

    return run


def imputer(node: Node) -> Step:
    """Another number for what is missing."""
    attributes = node.attributes
    old = {"surrogate_value": "imputeValue", "missing_value": "missingValue"}  # before MLeap 0.9
    names = {name: name if name in attributes else former for name, former in old.items()}
    surrogate = attributes.number(names["surrogate_value"])
    missing = attributes.number(names["missing_value"], float("nan"))

    def fill(numbers: Array) -> Array:
        import numpy as np

        return np.where(np.isnan(numbers) | (numbers == missing), surrogate, numbers)

    return _of_numbers(node, fill)


def bucketizer(node: Node) -> Step:
    """The place of each number among splits."""
    import numpy as np

    attributes = node.attributes
    splits = attributes.numbers("splits")
    if len(splits) < 2:  # noqa: PLR2004 - a bucket has two ends
        raise attributes.wrong("splits", f"a list of {len(splits)}")
    for end, infinity in ((0, -np.inf), (-1, np.inf)):  # null is how JSON has them
        splits[end] = infinity if np.isnan(splits[end]) else splits[end]
    if not (splits[1:] > splits[:-1]).all():
        raise attributes.wrong("splits", "not ascending")
    invalid = attributes.text("handle_invalid", "error")
    source, output = node.input("input"), node.output("output")

    def run(columns: Columns) -> None:
        if invalid == "skip":
            columns.keep(~np.isnan(columns.numbers(source)))
        numbers = columns.numbers(source)
        found = np.searchsorted(splits, numbers, side="right") - 1.0
        places = np.where(numbers == splits[-1], len(splits) - 2.0, found)
        unknown = np.isnan(numbers)
        outside = ~unknown & ((numbers < splits[0]) | (numbers > splits[-1]))
        wrong = outside if invalid == "keep" else outside | unknown
        if wrong.any():
            span = f"{splits[0]} to {splits[-1]}"
            raise SchemaError(f"the column {source!r} holds {numbers[wrong][0]}, and the buckets are {span}")
        columns[output] = np.where(unknown, len(splits) - 1.0, places)

    return run


def math_unary(node: Node) -> Step:
    """A function of each number."""
    import numpy as np

    name = node.attributes.text("operation")
    if name not in {"log", "exp", "sqrt", "sin", "cos", "tan", "abs"}:
        raise node.attributes.wrong("operation", f"{name!r:.40}, which is not known")
    function = getattr(np, name)

    def apply(numbers: Array) -> Array:
        with np.errstate(all="ignore"):
            return function(numbers)

    return _of_numbers(node, apply)


def math_binary(node: Node) -> Step:
    """A function of two numbers, one of which may be fixed."""
    import numpy as np

    functions: dict[str, Callable[[Any, Any], Any]] = {
        "add": np.add,
        "sub": np.subtract,
        "mul": np.multiply,
        "div": np.divide,
        "rem": np.fmod,
        "pow": np.power,
        "logn": lambda left, right: np.log(left) / np.log(right),
    }
    attributes = node.attributes
    name = attributes.text("operation")
    if name not in functions:
        raise attributes.wrong("operation", f"{name!r:.40}, which is not known")
    function, output = functions[name], node.output("output")
    left, right = (_side(node, port, fixed) for port, fixed in (("input_a", "da"), ("input_b", "db")))

    def run(columns: Columns) -> None:
        with np.errstate(all="ignore"):
            result = function(left(columns), right(columns))
        columns[output] = np.broadcast_to(result, (columns.rows,))

    return run


def scaled(vectors: Vectors, factors: Array) -> Vectors:
    """Each feature times its factor."""
    return vectors.scaled(factors) if isinstance(vectors, SparseRows) else vectors * factors


def _side(node: Node, port: str, fixed: str) -> Callable[[Columns], Any]:
    if port in node.inputs:
        name = node.input(port)
        return lambda columns: columns.numbers(name)
    number = node.attributes.number(fixed, 0.0)
    return lambda _columns: number


def _of_numbers(node: Node, function: Callable[[Array], Array]) -> Step:
    source, output = node.input("input", "input0"), node.output("output", "output0")

    def run(columns: Columns) -> None:
        columns[output] = function(columns.numbers(source))

    return run


def _inverse(std: Array) -> Array:
    import numpy as np

    return np.where(std == 0, 0.0, 1.0 / _with_ones(std))


def _with_ones(numbers: Array) -> Array:
    """One in place of each zero, to divide by."""
    import numpy as np

    return np.where(numbers == 0, 1.0, numbers)


def _sparse_norms(vectors: SparseRows, power: float) -> Array:
    import numpy as np

    norms = np.zeros(vectors.rows)
    sizes = np.abs(vectors.values)
    if np.isinf(power):
        np.maximum.at(norms, vectors.row, sizes)
    else:
        np.add.at(norms, vectors.row, sizes**power)
        norms = norms ** (1.0 / power)
    return _with_ones(norms)


OPERATORS = {
    "standard_scaler": standard_scaler,
    "min_max_scaler": min_max_scaler,
    "max_abs_scaler": max_abs_scaler,
    "elementwise_product": elementwise_product,
    "idf": idf,
    "normalizer": normalizer,
    "binarizer": binarizer,
    "sklearn_binarizer": binarizer,
    "imputer": imputer,
    "bucketizer": bucketizer,
    "math_unary": math_unary,
    "math_binary": math_binary,
}

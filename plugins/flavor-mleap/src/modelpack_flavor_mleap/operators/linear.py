"""Models whose answer follows from a weighted sum, and an isotonic curve."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from modelpack.errors import SchemaError
from modelpack_flavor_mleap.operators.classes import Classes, sigmoid_pair, softmax, two_sided
from modelpack_flavor_mleap.sparse import SparseRows, dense, dot
from modelpack_flavor_mleap.sparse import columns as chosen_columns

if TYPE_CHECKING:
    from collections.abc import Callable

    from modelpack_flavor_mleap.columns import Columns
    from modelpack_flavor_mleap.node import Node
    from modelpack_flavor_mleap.operators.step import Step
    from modelpack_flavor_mleap.sparse import Array

_BY_PYTHON = re.compile(r"logistic_regression_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""How MLeap's Python package calls a step; Spark's have no dashes."""


def linear_regression(node: Node) -> Step:
    """A weighted sum."""
    margin, output = _margin(node), node.output("prediction")

    def run(columns: Columns) -> None:
        columns[output] = margin(columns)

    return run


def generalized_linear_regression(node: Node) -> Step:
    """A weighted sum, and what the link makes of it."""
    links, name = _links(), node.attributes.text("link")
    if name not in links:
        raise node.attributes.wrong("link", f"{name!r:.40}, which is none of {', '.join(links)}")
    margin, link = _margin(node), links[name]
    output, sums = node.output("prediction"), node.outputs.get("link_prediction")

    def run(columns: Columns) -> None:
        found = margin(columns)
        columns[output] = link(found)
        if sums is not None:
            columns[sums] = found

    return run


def logistic_regression(node: Node) -> Step:
    """The class by a weighted sum for each, or one for two."""
    if "coefficient_matrix" in node.attributes:
        return _multinomial(node)
    threshold = node.attributes.number("threshold", 0.5)
    margin, classes = _margin(node), Classes(node)

    def run(columns: Columns) -> None:
        classes.write(columns, two_sided(margin(columns)), sigmoid_pair, predicted)

    def predicted(raw: Array) -> Array:
        return (sigmoid_pair(raw)[:, 1] > threshold).astype(float)

    return run


def linear_svc(node: Node) -> Step:
    """The class by the side of a plane."""
    threshold = node.attributes.number("threshold", 0.0)
    margin, classes = _margin(node), Classes(node)

    def run(columns: Columns) -> None:
        classes.write(columns, two_sided(margin(columns)), None, lambda raw: (raw[:, 1] > threshold).astype(float))

    return run


def support_vector_machine(node: Node) -> Step:
    """The class by the side of a plane, with what MLeap calls its probability."""
    margin, classes = _margin(node), Classes(node)

    def run(columns: Columns) -> None:
        classes.write(columns, two_sided(margin(columns)), sigmoid_pair)

    return run


def naive_bayes(node: Node) -> Step:
    """The class that is most probable, were the features independent."""
    import numpy as np

    attributes = node.attributes
    prior = attributes.numbers("pi")
    theta = _by_columns(node, "theta", len(prior))
    kind = attributes.text("model_type", "multinomial")
    if kind not in {"multinomial", "bernoulli"}:
        raise attributes.wrong("model_type", f"{kind!r:.40}, not multinomial or bernoulli")
    if kind == "bernoulli":
        with np.errstate(divide="ignore"):
            absent = np.log(1.0 - np.exp(theta))
        theta, prior = theta - absent, prior + absent.sum(axis=1)
    source, weights, classes = node.input("features"), theta.T.copy(), Classes(node)

    def run(columns: Columns) -> None:
        vectors = columns.vectors(source, len(weights))
        _check_counts(vectors.values if isinstance(vectors, SparseRows) else vectors, source, kind)
        classes.write(columns, dot(vectors, weights) + prior, softmax)

    return run


def isotonic_regression(node: Node) -> Step:
    """The number on a curve that never falls, or never rises."""
    import numpy as np

    attributes = node.attributes
    boundaries, predictions = attributes.numbers("boundaries"), attributes.numbers("predictions")
    if not len(boundaries) or len(boundaries) != len(predictions) or (boundaries[1:] < boundaries[:-1]).any():
        raise attributes.wrong("boundaries", "not ascending, or not as many as there are predictions")
    place = attributes.whole("feature_index", 0)
    source, output = node.input("features"), node.output("prediction")

    def run(columns: Columns) -> None:
        vectors = columns.vectors(source)
        if not 0 <= place < vectors.shape[1]:
            raise SchemaError(f"the column {source!r} holds vectors of {vectors.shape[1]}, without feature {place}")
        feature = chosen_columns(vectors, np.array([place]))[:, 0]
        columns[output] = np.interp(feature, boundaries, predictions)

    return run


def k_means(node: Node) -> Step:
    """The cluster whose centre is nearest."""
    import numpy as np

    centres = node.attributes.vectors("cluster_centers")
    if not centres or len({len(centre) for centre in centres}) != 1:
        raise node.attributes.wrong("cluster_centers", "empty, or of several widths")
    table = np.stack(centres)
    norms = (table**2).sum(axis=1)
    source, output = node.input("features"), node.output("prediction")

    def run(columns: Columns) -> None:
        vectors = columns.vectors(source, table.shape[1])
        if isinstance(vectors, SparseRows) or len(vectors) * table.size > 1 << 24:
            distances = norms - 2.0 * dot(vectors, table.T)  # less the vector's own norm, the same for each
        else:
            distances = ((dense(vectors)[:, None, :] - table) ** 2).sum(axis=2)
        columns[output] = distances.argmin(axis=1).astype(np.int32)

    return run


def _margin(node: Node) -> Callable[[Columns], Array]:
    coefficients = node.attributes.numbers("coefficients")[:, None]
    intercept = node.attributes.number("intercept", 0.0)
    source = node.input("features")

    def margin(columns: Columns) -> Array:
        return dot(columns.vectors(source, len(coefficients)), coefficients)[:, 0] + intercept

    return margin


def _multinomial(node: Node) -> Step:
    intercepts = node.attributes.numbers("intercept_vector")
    by_rows = _BY_PYTHON.fullmatch(node.name) is not None
    table = _by_columns(node, "coefficient_matrix", len(intercepts), by_rows=by_rows)
    source, weights, classes = node.input("features"), table.T.copy(), Classes(node)

    def run(columns: Columns) -> None:
        classes.write(columns, dot(columns.vectors(source, len(weights)), weights) + intercepts, softmax)

    return run


def _by_columns(node: Node, name: str, rows: int, *, by_rows: bool = False) -> Array:
    """A matrix that stands in the file column after column, as Spark keeps it.

    MLeap's Python package writes row after row, which MLeap's runtime then reads wrongly; here it is told by the name.
    """
    values, shape = node.attributes.tensor(name)
    if len(shape) != 2 or shape[0] != rows:  # noqa: PLR2004 - a matrix
        raise node.attributes.wrong(name, f"a tensor of shape {list(shape)}, not a matrix of {rows} rows")
    return values.reshape(shape, order="C" if by_rows else "F")


def _check_counts(values: Array, source: str, kind: str) -> None:
    wrong = values < 0 if kind == "multinomial" else (values != 0) & (values != 1)
    if wrong.any():
        wanted = "numbers that are not negative" if kind == "multinomial" else "zeros and ones"
        raise SchemaError(f"the column {source!r} holds {values[wrong][0]}, where the model takes {wanted}")


def _logit(margin: Array) -> Array:
    return sigmoid_pair(two_sided(margin))[:, 1]


def _links() -> dict[str, Callable[[Any], Any]]:
    import math

    import numpy as np

    normal = np.vectorize(lambda value: 0.5 * math.erfc(-value / math.sqrt(2.0)), otypes=[float])
    return {
        "identity": lambda margin: margin,
        "log": np.exp,
        "inverse": lambda margin: 1.0 / margin,
        "logit": _logit,
        "probit": normal,
        "cloglog": lambda margin: 1.0 - np.exp(-np.exp(margin)),
        "sqrt": np.square,
    }


OPERATORS = {
    "linear_regression": linear_regression,
    "generalized_linear_regression": generalized_linear_regression,
    "logistic_regression": logistic_regression,
    "linear_svc": linear_svc,
    "support_vector_machine": support_vector_machine,
    "svm": support_vector_machine,
    "naive_bayes": naive_bayes,
    "isotonic_regression": isotonic_regression,
    "k_means": k_means,
}

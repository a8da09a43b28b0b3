"""Models whose answer follows from a weighted sum, clusters, and an isotonic curve."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelpack_flavor_mleap import values
from modelpack_flavor_mleap.errors import MLeapSerializationException
from modelpack_flavor_mleap.node import Node
from modelpack_flavor_mleap.spark.params import is_set, param

if TYPE_CHECKING:
    from modelpack_flavor_mleap.spark.table import Table

_CANONICAL = {"gaussian": "identity", "binomial": "logit", "poisson": "log", "gamma": "inverse"}
_CLASSIFIER = {"raw_prediction": "rawPredictionCol", "probability": "probabilityCol", "prediction": "predictionCol"}


def linear_regression(stage: Any, table: Table) -> list[Node]:  # noqa: ARG001 - every writer's
    """Coefficients and intercept."""
    return [model_node(stage, "linear_regression", _sum(stage))]


def generalized_linear_regression(stage: Any, table: Table) -> list[Node]:  # noqa: ARG001 - every writer's
    """Coefficients, intercept, and the link."""
    family = param(stage, "family")
    if family not in _CANONICAL:
        raise MLeapSerializationException(f"its family is {family}, and MLeap has {', '.join(_CANONICAL)}")
    link = param(stage, "link") if is_set(stage, "link") else _CANONICAL[family]
    sums = param(stage, "linkPredictionCol") if is_set(stage, "linkPredictionCol") else ""
    attributes = {
        **_sum(stage),
        "family": values.text(family),
        "link": values.text(link),
        "output_shapes": values.shapes([None] * (2 if sums else 1), nullable=False),
    }
    node = model_node(stage, "generalized_linear_regression", attributes)
    return [
        Node.of(node.name, node.op, node.inputs, {**node.outputs, "link_prediction": sums}, attributes)
        if sums
        else node
    ]


def logistic_regression(stage: Any, table: Table) -> list[Node]:  # noqa: ARG001 - every writer's
    """A row of coefficients for each class, or one row for two classes.

    A multinomial model of two classes has two rows, which MLeap does not know; their difference gives the same
    probabilities.
    """
    matrix, intercepts = stage.coefficientMatrix.toArray(), stage.interceptVector.toArray()
    attributes = {"num_classes": values.whole(stage.numClasses)}
    if stage.numClasses > 2:  # noqa: PLR2004 - one row is for two classes
        attributes["coefficient_matrix"] = values.matrix(matrix)
        attributes["intercept_vector"] = values.vector(intercepts)
        attributes |= thresholds(stage)
    else:
        row = matrix[0] if len(matrix) == 1 else matrix[1] - matrix[0]
        attributes["coefficients"] = values.vector(row)
        attributes["intercept"] = values.number(intercepts[0] if len(matrix) == 1 else intercepts[1] - intercepts[0])
        attributes["threshold"] = values.number(stage.getThreshold())
    return [classifier_node(stage, "logistic_regression", attributes)]


def linear_svc(stage: Any, table: Table) -> list[Node]:  # noqa: ARG001 - every writer's
    """Coefficients and intercept."""
    attributes = {
        "num_classes": values.whole(stage.numClasses),
        **_sum(stage),
        "threshold": values.number(param(stage, "threshold")),
    }
    return [classifier_node(stage, "linear_svc", attributes)]


def naive_bayes(stage: Any, table: Table) -> list[Node]:  # noqa: ARG001 - every writer's
    """Logarithms of probabilities."""
    kind = param(stage, "modelType")
    if kind not in {"multinomial", "bernoulli"}:
        raise MLeapSerializationException(f"its modelType is {kind}, and MLeap has multinomial and bernoulli")
    attributes = {
        "num_features": values.whole(stage.numFeatures),
        "num_classes": values.whole(stage.numClasses),
        "pi": values.vector(stage.pi.toArray()),
        "theta": values.matrix(stage.theta.toArray()),
        "model_type": values.text(kind),
        **thresholds(stage),
    }
    return [classifier_node(stage, "naive_bayes", attributes)]


def isotonic_regression(stage: Any, table: Table) -> list[Node]:
    """The corners of the curve."""
    is_vector = table.width(param(stage, "featuresCol")) is not None
    attributes = {
        "boundaries": values.numbers(stage.boundaries.toArray()),
        "predictions": values.numbers(stage.predictions.toArray()),
        "isotonic": values.flag(param(stage, "isotonic")),
        **({"feature_index": values.whole(param(stage, "featureIndex"))} if is_vector else {}),
    }
    return [model_node(stage, "isotonic_regression", attributes)]


def k_means(stage: Any, table: Table) -> list[Node]:  # noqa: ARG001 - every writer's
    """The centres."""
    measure = param(stage, "distanceMeasure")
    if measure != "euclidean":
        raise MLeapSerializationException(f"its distanceMeasure is {measure}, and MLeap has euclidean")
    centres = stage.clusterCenters()
    attributes = {"cluster_centers": values.vectors(centres), "num_features": values.whole(len(centres[0]))}
    return [model_node(stage, "k_means", attributes)]


def model_node(stage: Any, op: str, attributes: dict[str, Any], trees: Any = ()) -> Node:
    """The step of a model that writes its prediction."""
    outputs = {"prediction": param(stage, "predictionCol")}
    return Node.of(stage.uid, op, {"features": param(stage, "featuresCol")}, outputs, attributes, tuple(trees))


def classifier_node(stage: Any, op: str, attributes: dict[str, Any], trees: Any = ()) -> Node:
    """The step of a classifier, which writes the columns that are not switched off by an empty name."""
    named = {port: param(stage, name) for port, name in _CLASSIFIER.items() if stage.hasParam(name)}
    outputs = {port: column for port, column in named.items() if column}
    return Node.of(stage.uid, op, {"features": param(stage, "featuresCol")}, outputs, attributes, tuple(trees))


def thresholds(stage: Any) -> dict[str, Any]:
    """The thresholds of the classes, where they are set."""
    return {"thresholds": values.numbers(param(stage, "thresholds"))} if is_set(stage, "thresholds") else {}


def _sum(stage: Any) -> dict[str, Any]:
    return {"coefficients": values.vector(stage.coefficients.toArray()), "intercept": values.number(stage.intercept)}


WRITERS = {
    "LinearRegressionModel": linear_regression,
    "GeneralizedLinearRegressionModel": generalized_linear_regression,
    "LogisticRegressionModel": logistic_regression,
    "LinearSVCModel": linear_svc,
    "NaiveBayesModel": naive_bayes,
    "IsotonicRegressionModel": isotonic_regression,
    "KMeansModel": k_means,
}

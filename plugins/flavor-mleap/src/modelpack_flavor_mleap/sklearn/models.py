"""Linear models, naive Bayes and clusters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelpack_flavor_mleap import values
from modelpack_flavor_mleap.errors import MLeapSerializationException
from modelpack_flavor_mleap.sklearn.outputs import classifier, model
from modelpack_flavor_mleap.sklearn.vectorwise import binarizer

if TYPE_CHECKING:
    from modelpack_flavor_mleap.sklearn.builder import Block, Builder

_TWO = 2


def linear_regression(step: Any, block: Block, builder: Builder) -> None:
    """Coefficients and an intercept."""
    model(builder, block, "linear_regression", _sum(step))


def logistic_regression(step: Any, block: Block, builder: Builder) -> None:
    """A row of coefficients for each class, or one for two."""
    count = len(step.classes_)
    attributes = {"num_classes": values.whole(count)}
    if count == _TWO:
        attributes |= {**_sum(step), "threshold": values.number(0.5)}
    elif getattr(step, "multi_class", "auto") == "ovr" or step.solver == "liblinear" or len(step.coef_) != count:
        raise MLeapSerializationException("MLeap has one model for several classes, and not one against the rest")
    else:
        attributes["coefficient_matrix"] = values.matrix(step.coef_)
        attributes["intercept_vector"] = values.vector(_full(step.intercept_, count))
    classifier(builder, block, "logistic_regression", attributes, step.classes_)


def linear_svc(step: Any, block: Block, builder: Builder) -> None:
    """Coefficients and an intercept, for two classes."""
    if len(step.classes_) != _TWO:
        raise MLeapSerializationException(f"MLeap's LinearSVC has two classes, not {len(step.classes_)}")
    attributes = {"num_classes": values.whole(_TWO), **_sum(step), "threshold": values.number(0.0)}
    classifier(builder, block, "linear_svc", attributes, step.classes_, probability=False)


def multinomial_nb(step: Any, block: Block, builder: Builder) -> None:
    """Logarithms of probabilities of counts."""
    _naive_bayes(step, block, builder, "multinomial")


def bernoulli_nb(step: Any, block: Block, builder: Builder) -> None:
    """Logarithms of probabilities of flags."""
    if step.binarize is not None:
        step_before = type("Threshold", (), {"threshold": step.binarize})
        block = binarizer(step_before, block, builder)
    _naive_bayes(step, block, builder, "bernoulli")


def k_means(step: Any, block: Block, builder: Builder) -> None:
    """The centres."""
    centres = step.cluster_centers_
    attributes = {"cluster_centers": values.vectors(centres), "num_features": values.whole(centres.shape[1])}
    model(builder, block, "k_means", attributes)


def _naive_bayes(step: Any, block: Block, builder: Builder, kind: str) -> None:
    classes, width = step.feature_log_prob_.shape
    attributes = {
        "num_features": values.whole(width),
        "num_classes": values.whole(classes),
        "pi": values.vector(step.class_log_prior_),
        "theta": values.matrix(step.feature_log_prob_),
        "model_type": values.text(kind),
    }
    classifier(builder, block, "naive_bayes", attributes, step.classes_)


def _sum(step: Any) -> dict[str, Any]:
    import numpy as np

    coefficients = np.atleast_2d(step.coef_)
    if len(coefficients) != 1:
        raise MLeapSerializationException(f"it has {len(coefficients)} outputs, and MLeap's have one")
    intercept = _full(step.intercept_, 1)[0]
    return {"coefficients": values.vector(coefficients[0]), "intercept": values.number(intercept)}


def _full(intercept: Any, count: int) -> Any:
    import numpy as np

    return np.broadcast_to(np.asarray(intercept, dtype=float).reshape(-1), (count,))


_LINEAR = (
    "LinearRegression",
    "Ridge",
    "RidgeCV",
    "Lasso",
    "LassoCV",
    "ElasticNet",
    "ElasticNetCV",
    "Lars",
    "LassoLars",
    "BayesianRidge",
    "ARDRegression",
    "HuberRegressor",
    "SGDRegressor",
    "LinearSVR",
)

MODELS = {
    **dict.fromkeys(_LINEAR, linear_regression),
    "LogisticRegression": logistic_regression,
    "LogisticRegressionCV": logistic_regression,
    "LinearSVC": linear_svc,
    "MultinomialNB": multinomial_nb,
    "BernoulliNB": bernoulli_nb,
    "KMeans": k_means,
    "MiniBatchKMeans": k_means,
}

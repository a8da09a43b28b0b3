"""The module `xgboost`, which two distributions bring, and the classes in it that are models."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from modelpack.errors import InvalidModelError, MissingDependencyError, WrongModelError
from modelpack.package.distributions import installed_version

if TYPE_CHECKING:
    from collections.abc import Iterator

DISTRIBUTIONS = ("xgboost", "xgboost-cpu")
BOOSTER = "xgboost.core.Booster"
ESTIMATORS = ("XGBModel", "XGBClassifier", "XGBRegressor", "XGBRanker", "XGBRFClassifier", "XGBRFRegressor")
CLASSES = {BOOSTER: "Booster", **{f"xgboost.sklearn.{name}": name for name in ESTIMATORS}}
"""What `model_class` may name, and what that is in the module `xgboost`: a model never chooses what is imported."""


def library() -> Any:
    """The module.

    Raises:
        MissingDependencyError: It is not installed.
    """
    try:
        import xgboost
    except ModuleNotFoundError as error:
        if error.name != "xgboost":
            raise
        raise MissingDependencyError(
            "the xgboost flavor needs the module 'xgboost', which is not installed",
            hint="`pip install xgboost-cpu`, which is small, or `pip install xgboost` for GPUs",
        ) from error
    return xgboost


@contextmanager
def without_deprecations() -> Iterator[None]:
    """Keep back that a kind of booster or estimator is deprecated.

    XGBoost says so when a model is trained, to somebody who can do something about it, and again whenever it is loaded.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"(?s).*\bis deprecated")
        yield


def distribution() -> str:
    """The installed distribution that brings the module."""
    return next((name for name in DISTRIBUTIONS if installed_version(name) is not None), DISTRIBUTIONS[0])


def name_of(model: Any) -> str:
    """The full name of a model's class.

    Raises:
        WrongModelError: It is none of XGBoost's own.
    """
    name = f"{type(model).__module__}.{type(model).__qualname__}"
    if name not in CLASSES:
        expected = "a Booster, or one of " + ", ".join(ESTIMATORS) + " (of another class, save its get_booster())"
        raise WrongModelError("xgboost", expected, model)
    return name


def class_named(name: str) -> Any:
    """The class of a name in a model file.

    Raises:
        InvalidModelError: It is none of XGBoost's own.
    """
    if name not in CLASSES:
        raise InvalidModelError(
            f"the model names {name!r} as its model_class, which is none of {', '.join(CLASSES)}",
            hint="where the file is one of XGBoost's, model_class: xgboost.core.Booster reads it",
        )
    return getattr(library(), CLASSES[name])

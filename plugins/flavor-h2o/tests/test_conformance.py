"""The conformance kit of modelpack, for H2O."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from modelpack.testing import FlavorCase, FlavorTests

RUNNING = {"port": int(os.environ["MODELPACK_TEST_H2O_PORT"])}

pytestmark = [
    pytest.mark.filterwarnings("ignore:the model is saved without a MOJO"),
    pytest.mark.filterwarnings("ignore:Converting H2O frame to pandas"),
    pytest.mark.timeout(600),
]


def numbers() -> pd.DataFrame:
    """Real numbers."""
    random = np.random.default_rng(0)
    return pd.DataFrame({"age": random.normal(size=40), "height": random.normal(size=40)})


def people() -> pd.DataFrame:
    """Numbers, some missing, truths and texts."""
    cities = ["Bonn", "Köln", "Ulm", "Trier"] * 10
    frame = numbers().assign(city=cities, flag=[True, False, False, True] * 10)
    frame.loc[3, "age"] = np.nan
    return frame


def train(estimator: Any, rows: pd.DataFrame, target: Any = None) -> Any:
    """Train on all columns of some rows."""
    import h2o

    given = rows if target is None else rows.assign(target=target)
    types = {name: "enum" for name in given if given[name].dtype.kind not in "fiM"}
    estimator.train(
        x=list(rows), y=None if target is None else "target", training_frame=h2o.H2OFrame(given, column_types=types)
    )
    return estimator


def regressor() -> Any:
    """Trees for a number."""
    from h2o.estimators import H2OGradientBoostingEstimator

    target = numbers()["age"] - 2 * numbers()["height"]
    return train(H2OGradientBoostingEstimator(ntrees=4, min_rows=2, seed=1), numbers(), target)


def multinomial() -> Any:
    """A linear model of three classes, with categories."""
    from h2o.estimators import H2OGeneralizedLinearEstimator

    classes = np.where(people()["city"] == "Ulm", "stays", np.where(people()["height"] > 0, "moves", "asks"))
    return train(H2OGeneralizedLinearEstimator(family="multinomial", lambda_=0.1), people(), classes)


def bayes() -> Any:
    """A model that H2O exports no MOJO of."""
    from h2o.estimators import H2ONaiveBayesEstimator

    return train(H2ONaiveBayesEstimator(), people(), ["yes", "no", "no", "yes"] * 10)


def by_h2o(model: Any, data: pd.DataFrame) -> pd.DataFrame:
    """What H2O answers."""
    import warnings

    import h2o

    types = {name: "enum" for name in data if data[name].dtype.kind not in "fiM"}
    with warnings.catch_warnings(action="ignore"):
        answer: pd.DataFrame = model.predict(h2o.H2OFrame(data, column_types=types)).as_data_frame()
    return answer


def case(name: str, build: Callable[[], Any], inputs: Callable[[], pd.DataFrame], init: dict[str, Any]) -> FlavorCase:
    """A model that is loaded into an H2O; the two ways of linear models to score differ in the last place."""
    return FlavorCase(
        name=name,
        build=build,
        inputs=lambda: inputs().head(6),
        predict=by_h2o,
        tolerance=1e-12,
        options={"settings": {"init": init}},
        executes_code=True,
    )


class TestH2O(FlavorTests):
    """The flavor does what every flavor does."""

    flavor = "h2o"
    library = "h2o"
    distribution = "h2o"
    cases = (
        case("trees in an H2O of its own", regressor, numbers, {"nthreads": 1, "max_mem_size": "1G"}),
        case("three classes", multinomial, people, RUNNING),
        case("without a MOJO", bayes, people, RUNNING),
    )

"""What every flavor has to do: the conformance kit, for this flavor."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelpack.testing import FlavorCase, FlavorTests, RecordedModel

if TYPE_CHECKING:
    import pandas as pd

RECORDED = Path(__file__).parent / "recorded"


def frame() -> pd.DataFrame:
    """Eight houses."""
    import pandas as pd

    return pd.DataFrame(
        {
            "area": [52.0, 70.0, 88.0, 95.0, 110.0, 120.0, 145.0, 160.0],
            "age": [30.0, 12.0, 41.0, 8.0, 25.0, 60.0, 5.0, 18.0],
        },
    )


def train() -> Any:
    """Prices of houses, by a formula that uses NumPy."""
    import numpy as np
    import statsmodels.formula.api as smf

    prices = np.array([170.0, 260.0, 265.0, 345.0, 352.0, 310.0, 520.0, 540.0])
    houses = frame().assign(price=prices)
    return smf.ols("price ~ np.log(area) + age", houses).fit()


def train_on_columns() -> Any:
    """Prices without a formula: statsmodels then takes columns by position."""
    import statsmodels.api as sm

    prices = [170.0, 260.0, 265.0, 345.0, 352.0, 310.0, 520.0, 540.0]
    return sm.OLS(prices, frame()).fit()


def train_binary() -> Any:
    """Whether a house was sold: `predict` takes a param, the link may be left out."""
    import statsmodels.api as sm
    import statsmodels.formula.api as smf

    houses = frame().assign(sold=[1, 0, 1, 0, 1, 0, 0, 1])
    return smf.glm("sold ~ area", houses, family=sm.families.Binomial()).fit()


def array() -> Any:
    """The houses without names."""
    return frame().to_numpy()


def train_on_array() -> Any:
    """A model that knows no names."""
    import statsmodels.api as sm

    return sm.OLS(array().sum(axis=1), array()).fit()


def recorded() -> RecordedModel:
    """A model that MLflow wrote, with what it predicted there."""
    path = RECORDED / "mlflow"
    told = json.loads((path / "expected.json").read_text(encoding="utf-8"))
    return RecordedModel(
        name="MLflow",
        path=path,
        inputs=frame(),
        expected=told,
        tolerance=1e-12,
    )


class TestStatsmodels(FlavorTests):
    """The flavor does what every flavor does."""

    flavor = "statsmodels"
    library = "statsmodels"
    distribution = "statsmodels"
    supports_params = True
    cases = (
        FlavorCase(
            name="formula",
            build=train,
            inputs=frame,
            executes_code=True,
            tolerance=1e-12,
        ),
        FlavorCase(
            name="columns, without data",
            build=train_on_columns,
            inputs=frame,
            options={"remove_data": True},
            executes_code=True,
            tolerance=1e-12,
        ),
        FlavorCase(
            name="params",
            build=train_binary,
            inputs=frame,
            params={"which": "mean"},
            other_params={"which": "linear"},
            executes_code=True,
            tolerance=1e-12,
        ),
        FlavorCase(
            name="array",
            build=train_on_array,
            inputs=array,
            executes_code=True,
            tolerance=1e-12,
        ),
    )
    wrong_models = (object(), "a text", {"a": "mapping"}, 42, dict)
    recorded_models = (recorded(),)

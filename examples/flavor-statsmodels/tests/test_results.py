"""What bites in statsmodels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import modelpack.pyfunc
import pandas as pd
import pytest
import statsmodels.api as sm
from modelpack.errors import SchemaError, WrongModelError

import modelpack_flavor_statsmodels as flavor

if TYPE_CHECKING:
    from pathlib import Path

ROWS = pd.DataFrame({"a": [1.0, 2.0, 3.0, 5.0], "b": [1.0, 0.0, 1.0, 0.0]})
TARGET = ROWS["a"] * 2 - ROWS["b"]


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what the user trusts out of the tests."""
    monkeypatch.setenv("MODELPACK_HOME", str(tmp_path / "home"))


def fitted() -> Any:
    """A model without a formula."""
    return sm.OLS(TARGET, ROWS).fit()


@pytest.mark.parametrize("remove_data", [False, True])
def test_columns_are_taken_by_name(tmp_path: Path, *, remove_data: bool) -> None:
    """In whatever order they come, and whether or not the rows were saved."""
    flavor.save_model(fitted(), tmp_path / "model", remove_data=remove_data)
    model = modelpack.pyfunc.load_model(tmp_path / "model")
    expected = pytest.approx(TARGET.to_list())
    assert model.predict(ROWS[["b", "a"]]).to_list() == expected
    assert model.predict(ROWS.assign(c=0.0)).to_list() == expected


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    """It is no shape that does not fit."""
    flavor.save_model(fitted(), tmp_path / "model")
    model = modelpack.pyfunc.load_model(tmp_path / "model")
    with pytest.raises(SchemaError, match="columns are missing: b"):
        model.predict(ROWS[["a"]])


def test_removing_data_leaves_the_model_alone(tmp_path: Path) -> None:
    """The caller's object keeps its rows; the saved one is smaller, and has none."""
    results = fitted()
    flavor.save_model(results, tmp_path / "with")
    flavor.save_model(results, tmp_path / "without", remove_data=True)
    assert results.resid.abs().max() < 1e-9
    files = [tmp_path / name / "model.statsmodels" for name in ("with", "without")]
    assert files[1].stat().st_size < files[0].stat().st_size
    assert flavor.load_model(tmp_path / "without").model.endog is None


def test_a_model_that_is_not_fitted_is_refused(tmp_path: Path) -> None:
    """`fit()` was forgotten."""
    with pytest.raises(WrongModelError, match=r"the results of a fit\(\).*not a OLS"):
        flavor.save_model(sm.OLS(TARGET, ROWS), tmp_path / "model")


def test_a_time_series_is_refused(tmp_path: Path) -> None:
    """It predicts periods, not rows."""
    results = sm.tsa.AutoReg(TARGET.repeat(5).to_numpy(), lags=1).fit()
    with pytest.raises(WrongModelError, match="no time series"):
        flavor.save_model(results, tmp_path / "model")

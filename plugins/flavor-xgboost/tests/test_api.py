"""The functions with the argument names of MLflow's xgboost module, and the options."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import xgboost

import modelpack
import modelpack_flavor_xgboost as flavor
from modelpack.errors import InvalidArgumentError, InvalidModelError, ModelpackWarning, WrongModelError
from modelpack.schema.mlmodel import MLmodel


@pytest.fixture
def model(houses: pd.DataFrame, prices: pd.Series) -> Any:
    """A regressor of numbers."""
    return xgboost.XGBRegressor(n_estimators=2, n_jobs=1).fit(houses[["area", "rooms"]], prices)


def rewrite(path: Path, old: str, new: str) -> None:
    """Change the `MLmodel` file of a model as somebody might who has no manifest."""
    (path / "MANIFEST.sha256").unlink()
    text = (path / "MLmodel").read_text()
    assert old in text
    (path / "MLmodel").write_text(text.replace(old, new))


def test_save_and_load(model: Any, houses: pd.DataFrame, tmp_path: Path) -> None:
    """Files and keys are those of MLflow."""
    info = flavor.save_model(model, tmp_path / "model", input_example=houses[["area", "rooms"]].head(2))
    conf = info.flavors["xgboost"]
    assert (conf["data"], conf["model_format"]) == ("model.ubj", "ubj")
    assert (conf["model_class"], conf["xgb_version"]) == ("xgboost.sklearn.XGBRegressor", xgboost.__version__)
    assert info.flavors["python_function"]["loader_module"] == "mlflow.xgboost"
    assert info.flavors["python_function"]["data"] == "model.ubj"
    assert isinstance(flavor.load_model(tmp_path / "model"), xgboost.XGBRegressor)


def test_log_and_load_from_a_run(model: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the URI that the log answers."""
    monkeypatch.chdir(tmp_path)
    with modelpack.start_run():
        info = flavor.log_model(model, name="houses", model_format="json")
    assert info.flavors["xgboost"]["data"] == "model.json"
    assert isinstance(flavor.load_model(info.model_uri), xgboost.XGBRegressor)


def test_unknown_format_touches_no_disk(model: Any, tmp_path: Path) -> None:
    """The error names the option, the value and those there are."""
    with pytest.raises(InvalidArgumentError, match=r"model_format.*pickle.*ubj"):
        flavor.save_model(model, tmp_path / "model", model_format="pickle")
    assert list(tmp_path.iterdir()) == []


def test_an_estimator_that_was_not_fitted_is_refused(tmp_path: Path) -> None:
    """There is nothing to save of it."""
    with pytest.raises(InvalidArgumentError, match="XGBClassifier has not been fitted"):
        flavor.save_model(xgboost.XGBClassifier(), tmp_path / "model")


def test_a_class_of_the_users_own_is_refused(tmp_path: Path) -> None:
    """A model never names a class that is not XGBoost's; the error says what can be saved of it."""
    mine = type("Mine", (xgboost.XGBRegressor,), {})()
    with pytest.raises(WrongModelError, match=r"Booster.*get_booster\(\).*Mine"):
        flavor.save_model(mine, tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["os.system", "xgboost.sklearn.json.loads", "xgboost.dask.DaskXGBRegressor"])
def test_a_model_does_not_choose_a_class(name: str, model: Any, tmp_path: Path) -> None:
    """Only XGBoost's own models stand behind `model_class`; nothing else is looked up."""
    flavor.save_model(model, tmp_path / "model")
    rewrite(tmp_path / "model", "xgboost.sklearn.XGBRegressor", name)
    with pytest.raises(InvalidModelError, match=f"{name!r} as its model_class"):
        flavor.load_model(tmp_path / "model")


def test_params_that_xgboost_does_not_save_survive(houses: pd.DataFrame, prices: pd.Series, tmp_path: Path) -> None:
    """Without `missing` the answers would be others."""
    rows = houses[["area", "rooms"]].fillna(-999.0)
    model = xgboost.XGBRegressor(n_estimators=3, missing=-999.0, n_jobs=1, device="cpu").fit(rows, prices)
    flavor.save_model(model, tmp_path / "model")
    loaded = flavor.load_model(tmp_path / "model")
    assert loaded.missing == -999.0
    assert loaded.predict(rows).tolist() == model.predict(rows).tolist()
    assert modelpack.pyfunc.load_model(tmp_path / "model").predict(rows).tolist() == model.predict(rows).tolist()
    params = MLmodel.load(tmp_path / "model").flavor_conf("xgboost")["estimator_params"]
    assert not {"device", "n_jobs"} & set(params), "what belongs to the machine is not saved"


def test_params_of_a_model_are_those_of_its_class(model: Any, tmp_path: Path) -> None:
    """A model cannot slip others in."""
    flavor.save_model(model, tmp_path / "model")
    rewrite(
        tmp_path / "model", "n_estimators: 2", "n_estimators: 2\n      n_jobs: 5000\n      verbosity: 3\n      q: 1"
    )
    loaded = flavor.load_model(tmp_path / "model")
    assert (loaded.n_jobs, loaded.verbosity, loaded.n_estimators) == (None, None, 2)


def test_the_best_iteration_survives(houses: pd.DataFrame, prices: pd.Series, tmp_path: Path) -> None:
    """An estimator that was stopped early answers with its best trees."""
    rows = houses[["area", "rooms"]]
    model = xgboost.XGBRegressor(n_estimators=30, early_stopping_rounds=2, learning_rate=1.0, n_jobs=1)
    model.fit(rows[:40], prices[:40], eval_set=[(rows[40:], prices[40:])], verbose=False)
    flavor.save_model(model, tmp_path / "model")
    loaded = flavor.load_model(tmp_path / "model")
    assert loaded.best_iteration == model.best_iteration
    assert loaded.predict(rows).tolist() == model.predict(rows).tolist()


def test_the_device_is_the_loaders_choice(model: Any, tmp_path: Path) -> None:
    """A model is loaded for the CPU unless the caller wants another device; other load options there are none."""
    model.device = "cuda:0"  # as it is where there is one
    flavor.save_model(model, tmp_path / "model")
    assert flavor.load_model(tmp_path / "model").device is None
    assert flavor.load_model(tmp_path / "model", device="cpu").device == "cpu"
    with pytest.raises(InvalidArgumentError, match="gpu_id"):
        flavor.load_model(tmp_path / "model", gpu_id=1)


def test_another_version_is_the_callers_decision(model: Any, tmp_path: Path) -> None:
    """It is compared with the distribution that is installed, whichever it is."""
    flavor.save_model(model, tmp_path / "model")
    rewrite(tmp_path / "model", f"xgb_version: {xgboost.__version__}", "xgb_version: 2.0.3")
    with pytest.warns(ModelpackWarning, match="xgboost-cpu 2.0.3"):
        flavor.load_model(tmp_path / "model")


def test_requirements_pin_the_distribution_that_is_installed(model: Any, tmp_path: Path) -> None:
    """The module xgboost comes in two, and only one of them is there."""
    flavor.save_model(model, tmp_path / "model")
    names = {line.partition("==")[0] for line in (tmp_path / "model" / "requirements.txt").read_text().splitlines()}
    assert {"xgboost-cpu", "scikit-learn", "numpy"} <= names
    assert "xgboost" not in names
    assert flavor.get_default_conda_env()["dependencies"][-1]["pip"] == [f"xgboost-cpu=={xgboost.__version__}"]


def test_a_missing_library_names_both_distributions() -> None:
    """Either will do."""
    program = """
import sys
sys.modules["xgboost"] = None
from modelpack_flavor_xgboost.library import library
try:
    library()
except ModuleNotFoundError as error:
    sys.exit(f"{error}")
except Exception as error:
    print(type(error).__name__, error)
"""
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout.startswith("MissingDependencyError")
    assert "pip install xgboost-cpu`" in answer.stdout
    assert "pip install xgboost`" in answer.stdout


def test_importing_the_package_imports_no_library() -> None:
    """Neither XGBoost nor pandas, until something is saved or loaded."""
    program = "import sys, modelpack_flavor_xgboost.flavor; print({'xgboost', 'pandas', 'numpy'} & set(sys.modules))"
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "set()"

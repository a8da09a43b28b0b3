"""CatBoost models between MLflow and modelpack: each loads what the other wrote, and predicts the same, bit for bit."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import catboost
import numpy as np
import pandas as pd
import pytest

import modelpack
from modelpack.testing import run_python

RunMLflow = Callable[..., Any]
LOAD = """
import json, sys
import mlflow.catboost, mlflow.pyfunc, pandas as pd
rows = pd.DataFrame(**{key: value for key, value in json.loads(sys.argv[1]).items() if key != "index"})
told = {}
for place in sys.argv[2:]:
    native = mlflow.catboost.load_model(place)
    answer = mlflow.pyfunc.load_model(place).predict(rows)
    told[place] = {"kind": type(native).__name__, "native": native.predict(rows).tolist(), "pyfunc": answer.tolist()}
print(json.dumps(told))
"""
SAVE = """
import json, sys
import catboost, mlflow.catboost, mlflow.pyfunc, pandas as pd
rows = pd.DataFrame(**{key: value for key, value in json.loads(sys.argv[1]).items() if key != "index"})
told = {}
for kind, given, place, format in json.loads(sys.argv[2]):
    model = getattr(catboost, kind)().load_model(given)
    mlflow.catboost.save_model(model, place, format=format, pip_requirements=["catboost"])
    told[place] = mlflow.pyfunc.load_model(place).predict(rows).tolist()
print(json.dumps(told))
"""
QUIET = {"iterations": 5, "depth": 2, "verbose": False, "allow_writing_files": False}
CITIES = ["Bonn", "Köln", "Ulm", "Trier"] * 10


def people() -> pd.DataFrame:
    """Numbers and categories."""
    random = np.random.default_rng(0)
    return pd.DataFrame({"age": random.normal(size=40), "city": CITIES, "floor": np.arange(40) % 3})


@pytest.fixture(scope="module")
def models() -> dict[str, Any]:
    """One of each class, all of the same rows."""
    rows = people()
    kinds = np.where(rows["city"] == "Ulm", "stays", "moves")
    options = {**QUIET, "cat_features": ["city", "floor"]}
    return {
        "regressor": catboost.CatBoostRegressor(**options).fit(rows, rows["age"]),
        "classifier": catboost.CatBoostClassifier(**options).fit(rows, kinds),
        "classes": catboost.CatBoostClassifier(**options).fit(rows, CITIES),
        "ranker": catboost.CatBoostRanker(**options).fit(rows, rows["floor"], group_id=np.repeat(range(10), 4)),
        "plain": catboost.CatBoost({**options, "loss_function": "Logloss"}).fit(rows, rows["floor"] % 2),
    }


def as_json(rows: pd.DataFrame) -> str:
    """Rows as another process reads them, numbers exact."""
    return json.dumps(rows.to_dict(orient="split"))


def predict(places: list[str], rows: pd.DataFrame, home: Path) -> dict[str, Any]:
    """Load each in a fresh process, as a user who trusts nothing, and predict."""

    def task(places: list[str], rows: Any) -> Any:
        import modelpack

        return {place: modelpack.pyfunc.load_model(place).predict(rows).tolist() for place in places}

    answer: dict[str, Any] = run_python(task, places, rows, environment={"MODELPACK_HOME": str(home)})
    return answer


def test_mlflow_loads_ours(models: dict[str, Any], tmp_path: Path, run_mlflow: RunMLflow) -> None:
    """As the model's own class and as pyfunc; so do we, in another process."""
    places = {str(tmp_path / name): model for name, model in models.items()}
    for place, model in places.items():
        modelpack.save_model(model, place)
    told = run_mlflow(LOAD, as_json(people()), *places)
    ours = predict([*places], people(), tmp_path / "home")
    for place, model in places.items():
        expected = model.predict(people()).tolist()
        assert told[place] == {"kind": type(model).__name__, "native": expected, "pyfunc": expected}
        assert ours[place] == expected


def test_mlflow_loads_our_json(models: dict[str, Any], tmp_path: Path, run_mlflow: RunMLflow) -> None:
    """The format stands where MLflow looks for it."""
    place = str(tmp_path / "model")
    modelpack.save_model(models["classifier"], place, format="json")
    told = run_mlflow(LOAD, as_json(people()), place)
    assert told[place]["pyfunc"] == models["classifier"].predict(people()).tolist()


def test_we_load_mlflows(models: dict[str, Any], tmp_path: Path, run_mlflow: RunMLflow) -> None:
    """Every class, and both formats that load again."""
    given = []
    for name, model in models.items():
        model.save_model(str(tmp_path / f"{name}.cbm"))
        for format_name in ("cbm", "json"):
            place = str(tmp_path / f"{name}-{format_name}")
            given.append((type(model).__name__, str(tmp_path / f"{name}.cbm"), place, format_name))
    told = run_mlflow(SAVE, as_json(people()), json.dumps(given))
    ours = predict([*told], people(), tmp_path / "home")
    assert ours == told
    for kind, _, place, _ in given:
        assert type(modelpack.load_model(place)).__name__ == kind

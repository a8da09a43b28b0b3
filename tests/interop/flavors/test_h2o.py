"""H2O models: MLflow reads ours, and we read MLflow's, with the same answers to the bit."""

from __future__ import annotations

import json
import socket
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import modelpack
from modelpack.errors import TrustError

RunMLflow = Callable[..., Any]
RunAfresh = Callable[..., Any]
SMALL = {"nthreads": 1, "max_mem_size": "1G"}
ROWS = pd.DataFrame(
    {
        "age": np.random.default_rng(0).normal(size=60).round(6),
        "floor": np.arange(60) % 4,
        "town": ["Bonn", "Kiel", "Ulm"] * 20,
    }
)

PREDICT = """
import json, os, sys, warnings, h2o, mlflow.h2o, mlflow.pyfunc, pandas
warnings.simplefilter("ignore")
rows, answers = pandas.read_json(sys.argv[1], orient="split"), {}
for path in sys.argv[2:]:
    generic = mlflow.pyfunc.load_model(path)
    native = mlflow.h2o.load_model(path)
    answer = native.predict(h2o.H2OFrame(rows, column_types={"town": "enum"})).as_data_frame()
    answers[path] = [answer.to_dict("list"), generic.predict(rows).to_dict("list"), type(native).__name__]
print(json.dumps(answers), flush=True)
os._exit(0)  # without what H2O's client prints at the end
"""
SAVE = """
import json, os, sys, warnings, h2o, mlflow.h2o, mlflow.pyfunc, pandas
from h2o.estimators import H2OGradientBoostingEstimator, H2ORandomForestEstimator
from mlflow.models import infer_signature
warnings.simplefilter("ignore")
rows, init, answers = pandas.read_json(sys.argv[1], orient="split"), json.loads(sys.argv[3]), {}
h2o.init(**init, verbose=False)
h2o.no_progress()
target = rows["age"] + rows["floor"]
frame = h2o.H2OFrame(
    rows.assign(number=target, kind=(target > 1).map({True: "yes", False: "no"})),
    column_types={"town": "enum", "kind": "enum"},
)
for name, estimator, column in (
    ("trees", H2OGradientBoostingEstimator(ntrees=4, model_id="theirs"), "kind"),
    ("forest", H2ORandomForestEstimator(ntrees=4, seed=1, model_id="theirs too"), "number"),
):
    estimator.train(x=list(rows), y=column, training_frame=frame)
    expected = estimator.predict(frame).as_data_frame()
    for signed in (True, False):
        path = f"{sys.argv[2]}/{name}-{signed}"
        described = {"signature": infer_signature(rows, expected)} if signed else {}
        mlflow.h2o.save_model(estimator, path, settings={"init": init}, pip_requirements=["h2o"], **described)
        answers[path] = mlflow.pyfunc.load_model(path).predict(rows).to_dict("list")
print(json.dumps(answers), flush=True)
os._exit(0)
"""
READ = """
import json, sys, modelpack.pyfunc, pandas
rows, answers = pandas.read_json(sys.argv[1], orient="split"), {}
for path in sys.argv[2:]:
    answers[path] = modelpack.pyfunc.load_model(path, trust=True).predict(rows).to_dict("list")
print(json.dumps([answers, "h2o" in sys.modules]))
"""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def init(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Where an H2O runs, which MLflow uses as well."""
    import h2o

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with warnings.catch_warnings(action="ignore"):
        h2o.init(port=port, ice_root=str(tmp_path_factory.mktemp("ice")), verbose=False, **SMALL)
    h2o.no_progress()
    server = h2o.connection().local_server
    yield {"port": server.port}
    h2o.connection().close()
    server.shutdown()


@pytest.fixture
def rows_file(tmp_path: Path) -> Path:
    """The rows as another process reads them."""
    ROWS.to_json(tmp_path / "rows.json", orient="split", index=False)
    return tmp_path / "rows.json"


def ours(tmp_path: Path, init: dict[str, Any]) -> dict[str, Any]:
    """Models that we save, and what H2O predicts with them, natively and through pyfunc."""
    import h2o
    from h2o.estimators import H2OGeneralizedLinearEstimator, H2OGradientBoostingEstimator

    target = ROWS["age"] + ROWS["floor"]
    kinds = ROWS.assign(number=target, kind=np.where(target > 1, "yes", "no"))
    frame = h2o.H2OFrame(kinds, column_types={"town": "enum", "kind": "enum"})
    expected = {}
    for estimator, column in (
        (H2OGradientBoostingEstimator(ntrees=4, model_id="ours"), "kind"),
        (H2OGeneralizedLinearEstimator(model_id="ours, linear"), "number"),
    ):
        estimator.train(x=list(ROWS), y=column, training_frame=frame)
        with warnings.catch_warnings(action="ignore"):
            answer = estimator.predict(frame).as_data_frame().to_dict("list")
        path = str(tmp_path / str(estimator.model_id))
        modelpack.save_model(estimator, path, settings={"init": init}, input_example=ROWS.head(2))
        expected[path] = [answer, answer, type(estimator).__name__]
    return expected


def check_equal(answers: dict[str, list[Any]], expected: dict[str, list[Any]]) -> None:
    """Equal labels, and numbers that differ in the last bit at most, as H2O's two ways to score linear models do."""
    pd.testing.assert_frame_equal(pd.DataFrame(answers), pd.DataFrame(expected), rtol=1e-12, atol=1e-15)


def test_models_of_ours_answer_the_same_everywhere(
    init: dict[str, Any], run_mlflow: RunMLflow, run_afresh: RunAfresh, rows_file: Path, tmp_path: Path
) -> None:
    """In MLflow, natively and as python_function; in a fresh process by the MOJO, without H2O."""
    expected = ours(tmp_path, init)
    there = run_mlflow(PREDICT, rows_file, *expected)
    here, is_imported = run_afresh(READ, rows_file, *expected)
    assert not is_imported
    for path, (native, generic, kind) in expected.items():
        check_equal(there[path][0], native)
        check_equal(there[path][1], generic)
        check_equal(here[path], generic)
        assert there[path][2] == kind


def test_models_of_mlflow_answer_the_same_here(
    init: dict[str, Any], run_mlflow: RunMLflow, rows_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With and without a signature, natively and as python_function, by those who trust them."""
    answers = run_mlflow(SAVE, rows_file, tmp_path, json.dumps(init))
    assert len(answers) == 4
    monkeypatch.setenv("MODELPACK_HOME", str(tmp_path / "stranger"))
    for path, expected in answers.items():
        with pytest.raises(TrustError, match="Java's deserialization"):
            modelpack.pyfunc.load_model(path)
        check_equal(modelpack.pyfunc.load_model(path, trust=True).predict(ROWS).to_dict("list"), expected)
        assert type(modelpack.load_model(path, trust=True)).__module__.startswith("h2o.estimators")

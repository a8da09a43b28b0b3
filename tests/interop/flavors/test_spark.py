"""Spark pipelines between MLflow and modelpack: each loads what the other wrote, and predicts the same."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import modelpack
import modelpack.pyfunc
from modelpack_flavor_spark.sessions import QUIET, new_session

RunMLflow = Callable[..., Any]
JVM = "--conf spark.ui.enabled=false --conf 'spark.driver.extraJavaOptions=-XX:TieredStopAtLevel=1 -XX:+UseSerialGC'"
ROWS = [("flat", 50.0, 2), ("house", 120.5, 5), ("flat", 63.0, 3), ("villa", 300.0, 9)]
BUILD = """
def build(spark):
    from pyspark.ml import Pipeline
    from pyspark.ml.feature import StringIndexer, VectorAssembler
    from pyspark.ml.regression import DecisionTreeRegressor, LinearRegression
    from pyspark.ml.linalg import Vectors
    rows = spark.createDataFrame([(*row, row[1] + row[2]) for row in ROWS], ["kind", "area", "rooms", "label"])
    index = StringIndexer(inputCol="kind", outputCol="index", handleInvalid="keep")
    assembler = VectorAssembler(inputCols=["index", "area", "rooms"], outputCol="features")
    vectors = spark.createDataFrame([(Vectors.dense(row[1:]), row[1] * 2) for row in ROWS], ["features", "label"])
    return {
        "tree": (Pipeline(stages=[index, assembler, DecisionTreeRegressor(maxDepth=3)]).fit(rows), rows),
        "linear": (Pipeline(stages=[index, assembler, LinearRegression()]).fit(rows), rows),
        "vectors": (Pipeline(stages=[LinearRegression()]).fit(vectors), vectors),
    }
"""
PROGRAM = f"""
import json, os, sys, mlflow.pyfunc, mlflow.spark, pandas
os.environ["PYSPARK_PYTHON"] = sys.executable
from mlflow.models import infer_signature
from pyspark.sql import SparkSession
ROWS = {ROWS!r}
{BUILD}
spark = SparkSession.builder.master("local[1]").getOrCreate()
ours, theirs = json.loads(sys.argv[1]), sys.argv[2]
def answer(place, data):
    kind = type(mlflow.spark.load_model(place)).__name__
    predicted = mlflow.pyfunc.load_model(place).predict(pandas.DataFrame(**data))
    return [kind, [float(value) for value in predicted]]
told = {{place: answer(place, data) for place, data in ours.items()}}
for name, (pipeline, rows) in build(spark).items():
    inputs = rows.drop("label")
    signature = infer_signature(inputs, pipeline.transform(inputs).select("prediction"))
    for suffix, given in (("signed", signature), ("unsigned", None)):
        place = f"{{theirs}}/{{name}}-{{suffix}}"
        mlflow.spark.save_model(pipeline, place, signature=given, pip_requirements=["pyspark"])
        data = next(data for path, data in ours.items() if path.endswith(name))
        told[place] = answer(place, data)
spark.stop()
print(json.dumps(told))
"""


@pytest.fixture
def spark(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A session; that of MLflow's process has the same settings."""
    monkeypatch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
    monkeypatch.setenv("PYSPARK_SUBMIT_ARGS", f"--driver-memory 1g {JVM} pyspark-shell")
    monkeypatch.delenv("PYSPARK_PYTHON", raising=False)
    session = new_session("local[1]", QUIET)
    yield session
    session.stop()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_pipelines_answer_the_same_everywhere(
    spark: Any, run_mlflow: RunMLflow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ours in MLflow and MLflow's here, natively and as python_function, with a signature and without, vectors too."""
    scope: dict[str, Any] = {"ROWS": ROWS}
    exec(BUILD, scope)  # noqa: S102 - what MLflow's process runs as well
    houses = pd.DataFrame(ROWS, columns=["kind", "area", "rooms"])
    cells = pd.DataFrame({"features": [[float(value) for value in row[1:]] for row in ROWS]})
    ours: dict[str, Any] = {}
    expected: dict[str, list[float]] = {}
    for name, (pipeline, _) in scope["build"](spark).items():
        data = cells if name == "vectors" else houses
        modelpack.save_model(pipeline, tmp_path / name, input_example=data)
        told = data.to_dict(orient="split")
        ours[str(tmp_path / name)] = {key: told[key] for key in ("data", "columns")}
        expected[name] = modelpack.pyfunc.load_model(tmp_path / name).predict(data).tolist()
    monkeypatch.delenv("PYSPARK_GATEWAY_PORT", raising=False)
    monkeypatch.delenv("PYSPARK_GATEWAY_SECRET", raising=False)
    answers = run_mlflow(PROGRAM, json.dumps(ours), tmp_path / "theirs")
    assert len(answers) == 9
    for place, (kind, predicted) in answers.items():
        name = Path(place).name.partition("-")[0]
        assert kind == "PipelineModel"
        assert predicted == pytest.approx(expected[name], rel=1e-9), place
        here = modelpack.pyfunc.load_model(place).predict(cells if name == "vectors" else houses)
        assert here.tolist() == pytest.approx(predicted, rel=1e-12), place
        assert type(modelpack.load_model(place)).__name__ == "PipelineModel"

"""The conformance kit of modelpack, for Spark."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from modelpack.testing import FlavorCase, FlavorTests, RecordedModel

RECORDED = Path(__file__).parent / "recorded"
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.usefixtures("spark")]


def houses() -> pd.DataFrame:
    """Text and numbers, under an index of its own."""
    kinds = ["flat", "house", "flat", "villa", "house", "flat"]
    rows = {"kind": kinds, "area": [50.0, 120.5, 63.0, 300.0, 140.0, 41.0], "rooms": [2, 5, 3, 9, 6, 1]}
    return pd.DataFrame(rows, index=range(100, 106))


def classifier() -> Any:
    """Text, numbers and a forest; the label is that of the last stage but one."""
    from pyspark.ml import Pipeline
    from pyspark.ml.classification import LogisticRegression
    from pyspark.ml.feature import StringIndexer, VectorAssembler

    stages: list[Any] = [
        StringIndexer(inputCol="kind", outputCol="kind_index", handleInvalid="keep"),
        VectorAssembler(inputCols=["kind_index", "area", "rooms"], outputCol="features"),
        LogisticRegression(labelCol="dear", maxIter=3),
    ]
    return Pipeline(stages=stages).fit(frame_of(houses().assign(dear=[0, 1, 0, 1, 1, 0])))


def scaler() -> Any:
    """Features alone, with a stage of Python that needs trust."""
    from pyspark.ml import PipelineModel
    from pyspark.ml.feature import SQLTransformer

    return PipelineModel(stages=[SQLTransformer(statement="SELECT *, area / rooms AS prediction FROM __THIS__")])


def frame_of(rows: pd.DataFrame) -> Any:
    """The rows in Spark."""
    import pyarrow as pa
    from pyspark.sql import SparkSession

    return SparkSession.builder.getOrCreate().createDataFrame(pa.Table.from_pandas(rows, preserve_index=False))


def predict(pipeline: Any, rows: Any) -> Any:
    """What Spark answers, under the index of the rows."""
    import pandas as pd
    import pyarrow as pa
    from pyspark.sql import SparkSession

    table = pa.Table.from_pandas(rows, preserve_index=False)
    answer = pipeline.transform(SparkSession.builder.getOrCreate().createDataFrame(table)).select("prediction")
    return pd.Series([row.prediction for row in answer.collect()], index=rows.index, name="prediction")


def recorded(path: Path) -> RecordedModel:
    """A model that MLflow wrote, with what it predicted there."""
    told = json.loads((path / "expected.json").read_text(encoding="utf-8"))
    rows = pd.DataFrame(told["rows"]["data"], columns=told["rows"]["columns"])
    return RecordedModel(name=path.name, path=path, inputs=rows, expected=told["predictions"], tolerance=1e-12)


class TestSpark(FlavorTests):
    """The flavor does what every flavor does."""

    flavor = "spark"
    library = "pyspark"
    distribution = "pyspark"
    cases = (
        FlavorCase(name="classifier on a frame", build=classifier, inputs=houses, predict=predict),
        FlavorCase(name="statement that needs trust", build=scaler, inputs=houses, predict=predict, executes_code=True),
    )
    wrong_models = (object(), "a text", {"a": "mapping"}, 42, dict)
    recorded_models = tuple(recorded(path.parent) for path in sorted(RECORDED.glob("*/MLmodel")))

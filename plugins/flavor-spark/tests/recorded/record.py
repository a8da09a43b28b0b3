"""Write the recorded models: `python record.py` in an environment with mlflow and pyspark.

Each directory holds what `mlflow.spark.save_model` wrote, and `expected.json`: rows, and what MLflow predicted.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import mlflow.pyfunc
import mlflow.spark
import pandas as pd
from mlflow.models import infer_signature
from pyspark.ml import Pipeline
from pyspark.ml.classification import RandomForestClassifier
from pyspark.ml.feature import IndexToString, StringIndexer, VectorAssembler
from pyspark.ml.linalg import Vectors
from pyspark.ml.regression import LinearRegression
from pyspark.sql import SparkSession

HERE = Path(__file__).parent
ROWS = [("flat", 50.0, 2), ("house", 120.5, 5), ("flat", 63.0, 3), ("villa", 300.0, 9), ("house", 140.0, 6)]
FRAME = pd.DataFrame(ROWS, columns=["kind", "area", "rooms"])


def forest(spark: Any) -> tuple[Any, Any]:
    """Text and numbers, labels as text again."""
    rows = spark.createDataFrame([(*row, "dear" if row[1] > 100 else "cheap") for row in ROWS], [*FRAME, "price"])
    labels = StringIndexer(inputCol="price", outputCol="label").fit(rows)
    stages: list[Any] = [
        labels,
        StringIndexer(inputCol="kind", outputCol="kind_index", handleInvalid="keep"),
        VectorAssembler(inputCols=["kind_index", "area", "rooms"], outputCol="features"),
        RandomForestClassifier(numTrees=3, maxDepth=3, seed=1),
        IndexToString(inputCol="prediction", outputCol="name", labels=labels.labels),
    ]
    pipeline = Pipeline(stages=stages).fit(rows)
    pipeline.stages.pop(0)  # what is asked has no label
    return pipeline, rows


def vectors(spark: Any) -> tuple[Any, Any]:
    """A vector of features, as MLflow's signature has it."""
    regression: list[Any] = [LinearRegression()]
    rows = spark.createDataFrame([(Vectors.dense([a, float(r)]), a + r) for _, a, r in ROWS], ["features", "label"])
    return Pipeline(stages=[*regression]).fit(rows), rows.select("features")


def main() -> None:
    """Save both, and what is predicted."""
    spark = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
    cells = pd.DataFrame({"features": [[area, float(rooms)] for _, area, rooms in ROWS]})
    for name, build, data in (("mlflow-3-forest", forest, FRAME), ("mlflow-3-vectors", vectors, cells)):
        place = HERE / name
        shutil.rmtree(place, ignore_errors=True)
        pipeline, rows = build(spark)
        signature = infer_signature(rows, pipeline.transform(rows).select("prediction")) if build is vectors else None
        mlflow.spark.save_model(pipeline, place, signature=signature, pip_requirements=["pyspark"])
        predictions = [float(value) for value in mlflow.pyfunc.load_model(str(place)).predict(data)]
        told = {"rows": data.to_dict(orient="split"), "predictions": predictions}
        (place / "expected.json").write_text(json.dumps(told) + "\n", encoding="utf-8")
    spark.stop()


if __name__ == "__main__":
    main()

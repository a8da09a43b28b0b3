"""A model as a function of Spark columns: modelpack's, MLflow's, and what one would write by hand, side by side.

`python benchmarks/spark_udf.py` in an environment with modelpack-core, modelpack-flavor-spark and
modelpack-flavor-sklearn; where MLflow is installed too, its `spark_udf` runs as well. All score the same cached columns
of doubles with the same linear regression, in turn, in one session; what counts is the ratio to `mapInArrow`, the least
that Spark can do with Python (budget: 0.97).
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

LIMIT = "mapInArrow"
MOVING = "only moving"
COLUMNS = 10
TOLERANCE = 1e-6
SETTINGS = {
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.sql.shuffle.partitions": "1",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}


def main() -> None:
    """Measure, print a table, and write every number."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=4_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--output", type=Path, default=Path("spark_udf.json"))
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    os.environ |= {"PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"}
    with tempfile.TemporaryDirectory() as folder:
        os.environ["MODELPACK_HOME"] = f"{folder}/home"
        spark = session(given.cores)
        frame = columns(spark, given.rows, given.cores)
        result = measured(made_subjects(spark, folder, frame), given.rounds, given.rows)
        spark.stop()
    given.output.write_text(json.dumps({"rows": given.rows, "cores": given.cores, "rounds": result}, indent=2) + "\n")
    print(table(result))


def session(cores: int) -> Any:
    """A session on this machine."""
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master(f"local[{cores}]").config("spark.driver.memory", "2g")
    for name, value in SETTINGS.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def columns(spark: Any, rows: int, cores: int) -> Any:
    """Columns of doubles, kept in memory."""
    made = [f"(id * {number + 1}) % 1000 / 1000.0D AS c{number}" for number in range(COLUMNS)]
    frame = spark.range(0, rows, 1, 2 * cores).selectExpr(*made).cache()
    frame.count()
    return frame


def measured(subjects: dict[str, Callable[[], float]], rounds: int, rows: int) -> dict[str, list[float]]:
    """Millions of rows a second of every subject in each round, one after another, in turn from either end."""
    expected = {name: subject() for name, subject in subjects.items()}  # loads models, and shows that all agree
    limit = expected[LIMIT]
    off = {name: abs(value - limit) / abs(limit) for name, value in expected.items() if name != MOVING}
    wrong = [name for name, distance in off.items() if distance > TOLERANCE]
    if wrong:
        raise SystemExit(f"{', '.join(wrong)} answered otherwise: {expected}")
    rates: dict[str, list[float]] = {name: [] for name in subjects}
    for number in range(rounds):
        for name in [*subjects][:: 1 if number % 2 else -1]:
            start = time.perf_counter()
            subjects[name]()
            rates[name].append(rows / (time.perf_counter() - start) / 1e6)
    return rates


def made_subjects(spark: Any, folder: str, frame: Any) -> dict[str, Callable[[], float]]:
    """What is compared: each answers the sum of its predictions."""
    import numpy as np
    from sklearn.linear_model import LinearRegression

    data = np.random.default_rng(0).normal(size=(200, COLUMNS))
    model = LinearRegression().fit(data, data @ np.arange(COLUMNS, dtype=float))
    scored: dict[str, Callable[[], Any]] = {
        "modelpack": of_modelpack(spark, f"{folder}/modelpack", model, frame),
        "pandas_udf": by_hand_pandas(model, frame),
        "arrow_udf": by_hand_arrow(model, frame),
        "mapInPandas": lambda: frame.mapInPandas(in_pandas(model), "y double"),
        LIMIT: lambda: frame.mapInArrow(in_arrow(model), "y double"),
        MOVING: lambda: frame.mapInArrow(moving, "y double"),
    }
    if find_spec("mlflow") is not None:
        scored["mlflow"] = of_mlflow(spark, f"{folder}/mlflow", model, frame)
    return {name: summed(score) for name, score in scored.items()}


def summed(score: Callable[[], Any]) -> Callable[[], float]:
    """The sum of the predictions, so that all are made."""
    return lambda: float(score().groupBy().sum("y").first()[0])


def of_modelpack(spark: Any, path: str, model: Any, frame: Any) -> Callable[[], Any]:
    """The model, saved and made a function."""
    import modelpack
    import modelpack.pyfunc

    rows = frame.limit(5).toPandas()
    modelpack.save_model(model, path, signature=modelpack.infer_signature(rows, model.predict(rows.to_numpy())))
    score = modelpack.pyfunc.spark_udf(spark, path, result_type="double")
    return lambda: frame.select(score().alias("y"))


def of_mlflow(spark: Any, path: str, model: Any, frame: Any) -> Callable[[], Any]:
    """The same with MLflow."""
    import mlflow.pyfunc
    import mlflow.sklearn
    from mlflow.models import infer_signature

    rows = frame.limit(5).toPandas()
    signature = infer_signature(rows, model.predict(rows.to_numpy()))
    mlflow.sklearn.save_model(model, path, signature=signature, pip_requirements=["scikit-learn"])
    score = mlflow.pyfunc.spark_udf(spark, path, result_type="double", env_manager="local")
    return lambda: frame.select(score(*frame.columns).alias("y"))


def functions() -> Any:
    """Spark's functions, whose types know nothing of annotations that are set later."""
    from pyspark.sql import functions

    return functions


def by_hand_pandas(model: Any, frame: Any) -> Callable[[], Any]:
    """A pandas UDF over an iterator."""
    import pandas as pd

    def score(batches: Iterator[tuple[pd.Series, ...]]) -> Iterator[pd.Series]:
        for batch in batches:
            yield pd.Series(model.predict(pd.concat(batch, axis=1).to_numpy()))

    score.__annotations__ = {"batches": Iterator[tuple[pd.Series, ...]], "return": Iterator[pd.Series]}
    made = functions().pandas_udf(score, "double")
    return lambda: frame.select(made(*frame.columns).alias("y"))


def by_hand_arrow(model: Any, frame: Any) -> Callable[[], Any]:
    """An Arrow UDF over an iterator."""
    import pyarrow as pa

    def score(batches: Iterator[tuple[pa.Array, ...]]) -> Iterator[pa.Array]:
        for batch in batches:
            names = list(map(str, range(len(batch))))
            yield pa.array(model.predict(pa.RecordBatch.from_arrays(list(batch), names).to_tensor().to_numpy()))

    score.__annotations__ = {"batches": Iterator[tuple[pa.Array, ...]], "return": Iterator[pa.Array]}
    made = functions().arrow_udf(score, "double")
    return lambda: frame.select(made(*frame.columns).alias("y"))


def in_pandas(model: Any) -> Callable[[Iterator[Any]], Iterator[Any]]:
    """What `mapInPandas` runs."""

    def score(batches: Iterator[Any]) -> Iterator[Any]:
        import pandas as pd

        for batch in batches:
            yield pd.DataFrame({"y": model.predict(batch.to_numpy())})

    return score


def in_arrow(model: Any) -> Callable[[Iterator[Any]], Iterator[Any]]:
    """What `mapInArrow` runs."""

    def score(batches: Iterator[Any]) -> Iterator[Any]:
        import pyarrow as pa

        for batch in batches:
            yield pa.record_batch([pa.array(model.predict(batch.to_tensor().to_numpy()))], names=["y"])

    return score


def moving(batches: Iterator[Any]) -> Iterator[Any]:
    """What `mapInArrow` runs when there is nothing to compute."""
    import pyarrow as pa

    for batch in batches:
        yield pa.record_batch([batch.column(0)], names=["y"])


def table(rates: dict[str, list[float]]) -> str:
    """Medians, and their ratio to the limit."""
    limit = statistics.median(rates[LIMIT])
    lines = [f"{'':14} {'M rows/s':>9} {'to limit':>9} {'lowest':>8} {'highest':>8}"]
    for name, values in sorted(rates.items(), key=lambda item: -statistics.median(item[1])):
        middle = statistics.median(values)
        lines.append(f"{name:14} {middle:9.3f} {middle / limit:9.2f} {min(values):8.3f} {max(values):8.3f}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()

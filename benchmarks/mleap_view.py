"""One Spark pipeline, asked by its MLeap view in NumPy and by Spark itself, request by request.

Prints a table and writes `mleap_view.json`. The subjects take turns over the rounds; medians count. `spark` is the
least that a view of a `PipelineModel` does: rows to a Spark DataFrame, `transform`, the predictions back.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Callable

COLUMNS = [f"x{place}" for place in range(10)]
ROWS = (1, 100, 1000)


def main() -> None:
    """Measure, print the table, write the JSON."""
    options = _options()
    spark = _session()
    try:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            results = _measured(spark, Path(folder), options)
    finally:
        spark.stop()
    _print_table(results)
    options.output.write_text(json.dumps(results, indent=2))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--trees", type=int, default=20)
    parser.add_argument("--output", type=Path, default=Path("mleap_view.json"))
    return parser.parse_args()


def _session() -> Any:
    from pyspark.sql import SparkSession

    os.environ |= {
        "SPARK_LOCAL_IP": "127.0.0.1",
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_DRIVER_PYTHON": sys.executable,
    }
    settings = {
        "spark.ui.enabled": "false",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.sql.shuffle.partitions": "1",
        "spark.driver.memory": "1g",
        "spark.driver.extraJavaOptions": "-XX:+UseSerialGC",
    }
    builder = SparkSession.builder.master("local[2]")
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    return session


def _measured(spark: Any, folder: Path, options: argparse.Namespace) -> dict[str, dict[str, float]]:
    import modelpack
    import modelpack_flavor_mleap

    frame = _frame(2000)
    training = spark.createDataFrame(list(frame.itertuples(index=False, name=None)), [*frame.columns])
    pipeline = _pipeline(options.trees).fit(training)
    rows = frame[["town", *COLUMNS]]
    modelpack_flavor_mleap.save_model(pipeline, training, folder / "model", input_example=rows.head(2))
    view = modelpack.pyfunc.load_model(folder / "model")
    results: dict[str, dict[str, float]] = {}
    for count in ROWS:
        part = rows.head(count)
        subjects: dict[str, Callable[[], Any]] = {
            "bundle": partial(view.unwrap().predict, part),
            "view": partial(view.predict, part),
            "spark": partial(_by_spark, spark, pipeline, part),
        }
        _check_same(subjects)
        results[str(count)] = _medians(subjects, options.rounds) | {"server": _by_server(view, part, options.rounds)}
        print(f"measured {count} rows", flush=True)
    return results


def _frame(count: int) -> pd.DataFrame:
    random = np.random.default_rng(0)
    frame = pd.DataFrame(random.normal(size=(count, len(COLUMNS))), columns=COLUMNS)
    frame["town"] = random.choice(["Bonn", "Köln", "Ulm"], count)
    frame["label"] = (frame["x0"] + frame["x1"] * (frame["town"] == "Ulm") > 0).astype(float)
    return frame


def _pipeline(trees: int) -> Any:
    from pyspark.ml import Pipeline
    from pyspark.ml.classification import RandomForestClassifier
    from pyspark.ml.feature import OneHotEncoder, StandardScaler, StringIndexer, VectorAssembler

    return Pipeline(
        stages=[
            StringIndexer(inputCol="town", outputCol="code", handleInvalid="keep"),
            OneHotEncoder(inputCol="code", outputCol="place"),
            VectorAssembler(inputCols=COLUMNS, outputCol="numbers"),
            StandardScaler(inputCol="numbers", outputCol="scaled", withMean=True),
            VectorAssembler(inputCols=["place", "scaled"], outputCol="features"),
            RandomForestClassifier(numTrees=trees, maxDepth=6, seed=1),
        ]
    )


def _by_spark(spark: Any, pipeline: Any, part: pd.DataFrame) -> Any:
    rows = spark.createDataFrame(list(part.itertuples(index=False, name=None)), [*part.columns])
    return [row["prediction"] for row in pipeline.transform(rows).select("prediction").collect()]


def _check_same(subjects: dict[str, Callable[[], Any]]) -> None:
    answers = {name: list(subject()) for name, subject in subjects.items()}
    if len({tuple(answer) for answer in answers.values()}) != 1:
        raise SystemExit("the subjects do not answer the same")


def _medians(subjects: dict[str, Callable[[], Any]], rounds: int) -> dict[str, float]:
    times: dict[str, list[float]] = {name: [] for name in subjects}
    for _ in range(rounds):
        for name, subject in subjects.items():
            for _ in range(5 if name == "spark" else 200):
                start = time.perf_counter()
                subject()
                times[name].append(time.perf_counter() - start)
    return {name: statistics.median(found) for name, found in times.items()}


def _by_server(view: Any, part: pd.DataFrame, rounds: int) -> float:
    """A request of JSON to the scoring server's application, in this process: without a socket."""
    from modelpack.serving.app import create_app
    from modelpack.serving.settings import ServerSettings

    body = json.dumps({"dataframe_split": part.to_dict(orient="split", index=False)}).encode()
    return asyncio.run(_asked(create_app(view, settings=ServerSettings(access_log=False)), body, rounds * 100))


async def _asked(application: Any, body: bytes, requests: int) -> float:
    state: dict[str, Any] = {}
    events, told = asyncio.Queue[Any](), asyncio.Queue[Any]()
    lifespan = asyncio.ensure_future(application({"type": "lifespan", "state": state}, events.get, told.put))
    await events.put({"type": "lifespan.startup"})
    await told.get()
    times = [await _one(application, state, body) for _ in range(requests)]
    await events.put({"type": "lifespan.shutdown"})
    await lifespan
    return statistics.median(times)


async def _one(application: Any, state: dict[str, Any], body: bytes) -> float:
    sent: list[Any] = []
    headers = {"host": "localhost", "content-type": "application/json", "content-length": str(len(body))}
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "path": "/invocations",
        "raw_path": b"/invocations",
        "query_string": b"",
        "scheme": "http",
        "server": ("localhost", 80),
        "client": ("localhost", 1),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "state": dict(state),
    }
    given = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receive() -> Any:
        return next(given, None) or await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message)

    start = time.perf_counter()
    await application(scope, receive, send)
    took = time.perf_counter() - start
    if sent[0]["status"] != 200:  # noqa: PLR2004 - the one that is expected
        raise SystemExit(f"the server answered {sent}")
    return took


def _print_table(results: dict[str, dict[str, float]]) -> None:
    names = ("bundle", "view", "server", "spark")
    print(f"\n{'rows':>6}" + "".join(f"{name:>12}" for name in names) + f"{'spark/view':>12}{'spark/server':>14}")
    for count, times in results.items():
        cells = "".join(f"{times[name] * 1e3:>9.3f} ms" for name in names)
        print(f"{count:>6}{cells}{times['spark'] / times['view']:>11.0f}x{times['spark'] / times['server']:>13.0f}x")


if __name__ == "__main__":
    main()

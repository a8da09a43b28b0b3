"""What the tests of the plugin share: one session for all of them, and pipelines that were fitted in it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from modelpack.testing.fixtures import modelpack_home  # noqa: F401 - a fixture
from modelpack_flavor_spark.sessions import hushed

JVM = "-Xmx1g -XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
SETTINGS = {
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.memory": "1g",
    "spark.driver.extraJavaOptions": JVM.partition(" ")[2],
    "spark.sql.artifact.copyFromLocalToFs.allowDestLocal": "true",
    "spark.sql.shuffle.partitions": "1",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}
os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
_SUBMIT = [f"--conf '{name}={value}'" for name, value in SETTINGS.items() if name != "spark.driver.memory"]
os.environ["PYSPARK_SUBMIT_ARGS"] = " ".join(
    ["--driver-memory 1g", *_SUBMIT, "pyspark-shell"]
)  # of other processes too


@pytest.fixture(scope="session")
def spark() -> Iterator[Any]:
    """A session with two workers."""
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[2]")
    for name, value in SETTINGS.items():
        builder = builder.config(name, value)
    with hushed():
        session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    yield session
    session.stop()


@pytest.fixture(scope="session")
def assembled(spark: Any) -> Any:
    """A pipeline that answers the sum of `a` and `b`, and one more."""
    from pyspark.ml import Pipeline
    from pyspark.ml.feature import VectorAssembler
    from pyspark.ml.regression import LinearRegression

    rows = [(1.0, 2.0, 4.0), (3.0, 1.0, 5.0), (2.0, 4.0, 7.0), (5.0, 5.0, 11.0)]
    stages: list[Any] = [VectorAssembler(inputCols=["a", "b"], outputCol="features"), LinearRegression(labelCol="y")]
    return Pipeline(stages=stages).fit(spark.createDataFrame(rows, ["a", "b", "y"]))


@pytest.fixture
def shared(spark: Any) -> Callable[[Path], str]:
    """Mount a directory as a file system of Hadoop's that is not this machine's; answers its URI."""

    def mounted(directory: Path) -> str:
        name = f"test{abs(hash(directory))}"
        settings = spark.sparkContext._jsc.hadoopConfiguration()
        settings.set(f"fs.viewfs.mounttable.{name}.link./root", f"file://{directory}")
        return f"viewfs://{name}/root"

    return mounted

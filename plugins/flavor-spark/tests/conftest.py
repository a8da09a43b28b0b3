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
os.environ["PYSPARK_SUBMIT_ARGS"] = " ".join(["--driver-memory 1g", *_SUBMIT, "pyspark-shell"])  # of other processes too


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

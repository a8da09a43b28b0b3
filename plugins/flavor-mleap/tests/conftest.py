"""What the tests of the plugin share."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from modelpack.testing.fixtures import modelpack_home  # noqa: F401 - a fixture

if TYPE_CHECKING:
    from collections.abc import Iterator

ROWS = 80
COLUMNS = ["a", "b", "c", "size", "count", "color", "town", "flag", "words", "label", "kind", "target"]
VOCABULARY = ["Spark", "the", "a", "Straße", "naïve", "data", "and", "über", "leaps", "x", "日本語", "run"]


@pytest.fixture(scope="session")
def spark() -> Iterator[Any]:
    """One small session for all tests, which ends with them."""
    pytest.importorskip("pyspark")
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
        "spark.driver.memory": "1g",
        "spark.sql.shuffle.partitions": "1",
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    }
    builder = SparkSession.builder.master("local[2]")
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    yield session
    session.stop()


@pytest.fixture(scope="session")
def training(spark: Any) -> Any:
    """Rows of every kind of column, as a Spark DataFrame."""
    return spark.createDataFrame(rows(), COLUMNS).repartition(1).cache()


def rows() -> list[tuple[Any, ...]]:
    """Numbers, whole numbers, texts of few and of many values, flags, words, and three things to learn."""
    random = np.random.default_rng(7)
    made = []
    for _ in range(ROWS):
        a, b, c = random.normal(size=3).round(3).tolist()
        size = float(random.choice([1.0, 2.0, 4.0, 8.0]))
        color = str(random.choice(["red", "green", "blue", "white"], p=[0.4, 0.3, 0.2, 0.1]))
        town = str(random.choice(["Ulm", "Bonn", "Köln"]))
        words = " ".join(random.choice(VOCABULARY, size=int(random.integers(1, 9))))
        label = float(a + b * (color == "red") > 0)
        kind = float(np.digitize(a + c, [-0.5, 0.5]))
        target = 2 * a - b + size + 5 * (color == "blue")
        count = int(random.integers(0, 6))
        made.append((a, b, c, size, count, color, town, bool(a > c), words, label, kind, float(target)))
    return made

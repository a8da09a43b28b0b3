"""Rows with nothing, NaN, or what was never seen: the bundle does what each mode of Spark's handleInvalid does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from modelpack.errors import SchemaError
from modelpack_flavor_mleap.bundle import Bundle
from modelpack_flavor_mleap.spark.pipeline import convert

pytest.importorskip("pyspark")

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

INF = float("inf")
COLUMNS = ["color", "a", "b", "size"]
ROWS = [("red", 0.1, 1.0, 1.0), ("kiwi", 0.2, 2.0, 2.0), (None, 0.3, 3.0, 4.0), ("blue", INF, 4.0, 8.0)]
MISSING = [("red", float("nan"), 1.0, 1.0), ("red", 0.5, float("nan"), 2.0), ("blue", 1.5, 3.0, 4.0)]
UNSEEN = [("red", 0.5, 1.0, 3.0), ("red", 0.5, 1.0, 4.0)]


def indexed(mode: str) -> list[Any]:
    """Texts as numbers."""
    from pyspark.ml.feature import StringIndexer

    return [StringIndexer(inputCol="color", outputCol="out", handleInvalid=mode)]


def hot(mode: str) -> list[Any]:
    """Numbers as vectors; 8 is more than there were."""
    from pyspark.ml.feature import OneHotEncoder

    return [OneHotEncoder(inputCol="size", outputCol="out", handleInvalid=mode)]


def bucketed(mode: str) -> list[Any]:
    """Numbers as buckets."""
    from pyspark.ml.feature import Bucketizer

    return [Bucketizer(inputCol="a", outputCol="out", splits=[-INF, 0.5, 1.5, INF], handleInvalid=mode)]


def assembled(mode: str) -> list[Any]:
    """Numbers as vectors."""
    from pyspark.ml.feature import VectorAssembler

    return [VectorAssembler(inputCols=["a", "b"], outputCol="out", handleInvalid=mode)]


def categorised(mode: str) -> list[Any]:
    """Values of vectors as categories."""
    from pyspark.ml.feature import VectorAssembler, VectorIndexer

    vector = VectorAssembler(inputCols=["a", "size"], outputCol="vector")
    return [vector, VectorIndexer(inputCol="vector", outputCol="out", maxCategories=5, handleInvalid=mode)]


STAGES = [
    (indexed, ROWS, ("keep", "skip", "error")),
    (hot, [("red", 0.0, 0.0, 9.0), ("red", 0.0, 0.0, 1.0)], ("keep", "error")),
    (bucketed, MISSING, ("keep", "skip", "error")),
    (assembled, MISSING, ("keep", "skip", "error")),
    (categorised, UNSEEN, ("keep", "skip", "error")),
]
CASES = [
    pytest.param(stages, given, mode, id=f"{stages.__name__}, {mode}")
    for stages, given, modes in STAGES
    for mode in modes
]


@pytest.mark.parametrize(("stages", "given", "mode"), CASES)
def test_invalid_rows_are_treated_as_by_spark(
    stages: Callable[[str], list[Any]], given: list[Any], mode: str, spark: Any, training: Any
) -> None:
    """Kept with a value of their own, left out, or an error; predict has a null for each row that is left out."""
    model, bundle = fitted(stages(mode), training)
    frame = pd.DataFrame(given, columns=COLUMNS)
    if mode == "error":
        with pytest.raises(Exception, match=r".*"):  # Spark's, whichever it is
            model.transform(spark.createDataFrame(given, COLUMNS)).collect()
        with pytest.raises(SchemaError, match="column"):
            bundle.transform(frame)
        return
    expected = model.transform(spark.createDataFrame(given, COLUMNS)).select("b", "out").collect()
    found = bundle.transform(frame)
    assert len(found) == len(expected)
    for row, value in zip(expected, found["out"], strict=True):
        np.testing.assert_array_equal(value, row["out"].toArray() if hasattr(row["out"], "toArray") else row["out"])
    answers = np.asarray(bundle.predict(frame))
    assert len(answers) == len(given)
    if mode == "skip":
        assert np.isnan(answers.reshape(len(given), -1)).all(axis=1).sum() == len(given) - len(expected)


@pytest.mark.parametrize("strategy", ["mean", "median", "mode"])
def test_missing_numbers_are_imputed_as_by_spark(strategy: str, spark: Any) -> None:
    """NaN, None and a value that stands for missing; whole numbers get a whole one."""
    from pyspark.ml.feature import Imputer

    columns = ["a", "count"]
    nan = float("nan")
    data = spark.createDataFrame([(1.0, 4), (nan, None), (2.5, 3), (None, 3), (2.5, 8)], "a double, count int")
    stage = Imputer(inputCols=columns, outputCols=["out", "other"], strategy=strategy)
    model, bundle = fitted([stage], data)
    rows = data.collect()
    found = bundle.transform(pd.DataFrame([row.asDict() for row in rows], columns=columns))
    for row, out, other in zip(model.transform(data).collect(), found["out"], found["other"], strict=True):
        assert (out, other) == (row["out"], row["other"])


def test_a_value_that_stands_for_missing_is_imputed(spark: Any) -> None:
    """The number that means nothing is replaced, too."""
    from pyspark.ml.feature import Imputer

    data = spark.createDataFrame([(1.0,), (-1.0,), (4.0,)], ["a"])
    model, bundle = fitted([Imputer(inputCol="a", outputCol="out", missingValue=-1.0)], data)
    expected = [row["out"] for row in model.transform(data).collect()]
    assert bundle.predict(pd.DataFrame({"a": [1.0, -1.0, 4.0]})).tolist() == expected


def fitted(stages: list[Any], frame: Any) -> tuple[Any, Bundle]:
    """The pipeline, and its bundle."""
    from pyspark.ml import Pipeline

    model = Pipeline(stages=stages).fit(frame)
    return model, convert(model, frame)

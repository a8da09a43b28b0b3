"""A pipeline that is saved for Spark and for MLeap at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

import modelpack.pyfunc
import modelpack_flavor_spark
from modelpack.package.load import open_model

if TYPE_CHECKING:
    from pathlib import Path

ROWS = pd.DataFrame({"a": [1.0, 3.0, 2.5], "b": [2.0, 1.0, 0.0]})


@pytest.fixture
def saved(spark: Any, assembled: Any, tmp_path: Path) -> Path:
    """The model, with a sample of its input."""
    sample = spark.createDataFrame([(1.0, 2.0), (3.0, 1.0)], ["a", "b"])
    modelpack_flavor_spark.save_model(assembled, tmp_path / "model", sample_input=sample)
    return tmp_path / "model"


def test_a_sample_adds_the_other_flavor(saved: Path) -> None:
    """Its files and keys are where MLeap's runtime looks (S91, S97, S98), and the generic view stays Spark's."""
    flavors = open_model(saved).mlmodel.flavors
    assert flavors["mleap"]["model_data"] == "mleap/model"
    assert flavors["mleap"]["input_schema"] == "mleap/schema.json"
    assert flavors["python_function"]["loader_module"] == "mlflow.spark"
    assert (saved / "mleap" / "model" / "bundle.json").is_file()
    assert "modelpack-flavor-mleap==" in (saved / "requirements.txt").read_text(encoding="utf-8")


def test_both_views_predict_the_same(saved: Path) -> None:
    """One through Spark, one without it."""
    by_spark = modelpack.pyfunc.load_model(saved).predict(ROWS)
    by_mleap = modelpack.pyfunc.load_model(saved, flavor="mleap").predict(ROWS)
    assert list(by_mleap) == pytest.approx(list(by_spark), abs=1e-9)


def test_the_pipeline_itself_is_spark_s(saved: Path, spark: Any) -> None:
    """What is loaded is what was saved."""
    frame = spark.createDataFrame([(1.0, 2.0)], ["a", "b"])
    (row,) = modelpack.load_model(saved, flavor="spark").transform(frame).collect()
    assert row["prediction"] == pytest.approx(4.0)

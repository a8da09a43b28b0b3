"""Pipelines saved, loaded and scored, beyond what every flavor does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import modelpack
import modelpack.pyfunc
import modelpack_flavor_spark
from modelpack.errors import InvalidArgumentError, ModelFailureError, PluginError, SchemaError
from modelpack.schema.signature import Column, ColumnSchema, DataType, ModelSignature, SparkMLVector

pytestmark = pytest.mark.usefixtures("spark")

ROWS = pd.DataFrame({"a": [1.0, 5.0, 2.0], "b": [2.0, 1.0, 0.5]}, index=["x", "y", "z"])
SUMS = [4.0, 7.0, 3.5]


def outputs(**columns: Any) -> ModelSignature:
    """A signature of two numbers, and of these outputs."""
    inputs = ColumnSchema((Column(DataType.DOUBLE, "a"), Column(DataType.DOUBLE, "b")))
    return ModelSignature(inputs, ColumnSchema(tuple(Column(kind, name) for name, kind in columns.items())))


def test_files_and_keys_are_mlflows(assembled: Any, tmp_path: Path) -> None:
    """MLlib's layout under `sparkml`, in names that do not change; the keys of S92 and of newer releases."""
    from importlib.metadata import version

    info = modelpack_flavor_spark.save_model(assembled, tmp_path / "model", metadata={"owner": "garden"})
    assert info.flavors["spark"] == {
        "model_data": "sparkml",
        "pyspark_version": version("pyspark"),
        "model_class": "pyspark.ml.pipeline.PipelineModel",
    }
    assert info.flavors["python_function"]["loader_module"] == "mlflow.spark"
    assert info.flavors["python_function"]["data"] == "sparkml"
    found = sorted(path.name for path in (tmp_path / "model" / "sparkml").rglob("*") if path.is_file())
    assert set(found) == {"part-00000-c000.txt", "part-00000-c000.snappy.parquet"}
    assert sorted(path.name for path in (tmp_path / "model" / "sparkml").iterdir()) == ["metadata", "stages"]


def test_prediction_is_a_series_in_the_order_of_the_rows(assembled: Any, tmp_path: Path) -> None:
    """Under their index (S94)."""
    modelpack.save_model(assembled, tmp_path / "model")
    answer = modelpack.pyfunc.load_model(tmp_path / "model").predict(ROWS)
    assert answer.name == "prediction"
    assert answer.index.tolist() == ["x", "y", "z"]
    assert answer.tolist() == pytest.approx(SUMS)


def test_the_signature_chooses_the_columns(assembled: Any, tmp_path: Path) -> None:
    """Vectors as lists of numbers; several columns as a frame."""
    signature = outputs(features=SparkMLVector(), prediction=DataType.DOUBLE)
    modelpack.save_model(assembled, tmp_path / "model", signature=signature)
    answer = modelpack.pyfunc.load_model(tmp_path / "model").predict(ROWS)
    assert list(answer.columns) == ["features", "prediction"]
    assert [list(cell) for cell in answer["features"]] == ROWS.to_numpy().tolist()


def test_lists_of_numbers_stand_for_vectors(spark: Any, tmp_path: Path) -> None:
    """For the column of features, with or without a signature, and from pandas or NumPy."""
    from pyspark.ml import PipelineModel
    from pyspark.ml.linalg import Vectors
    from pyspark.ml.regression import LinearRegression

    rows = [(Vectors.dense([1.0, 2.0]), 4.0), (Vectors.dense([5.0, 1.0]), 7.0), (Vectors.dense([2.0, 0.5]), 3.5)]
    model = LinearRegression().fit(spark.createDataFrame(rows, ["features", "label"]))
    vectors = ModelSignature(ColumnSchema((Column(SparkMLVector(), "features"),)))
    signatures: dict[str, Any] = {"unsigned": False, "signed": vectors}
    for name, signature in signatures.items():
        modelpack.save_model(PipelineModel(stages=[model]), tmp_path / name, signature=signature)
        loaded = modelpack.pyfunc.load_model(tmp_path / name)
        for cells in ([[1, 2], [5, 1]], list(np.array([[1.0, 2.0], [5.0, 1.0]]))):
            assert loaded.predict(pd.DataFrame({"features": cells})).tolist() == pytest.approx([4.0, 7.0])


def test_features_alone(tmp_path: Path) -> None:
    """A pipeline without predictions answers what its last stage adds."""
    from pyspark.ml import PipelineModel
    from pyspark.ml.feature import VectorAssembler

    stages: list[Any] = [VectorAssembler(inputCols=["a", "b"], outputCol="both")]
    modelpack.save_model(PipelineModel(stages=stages), tmp_path / "model")
    answer = modelpack.pyfunc.load_model(tmp_path / "model").predict(ROWS)
    assert answer.name == "both"
    assert [list(cell) for cell in answer] == ROWS.to_numpy().tolist()


def test_rows_that_a_stage_drops_are_noticed(tmp_path: Path) -> None:
    """There is no telling which prediction belongs to which row then."""
    from pyspark.ml import PipelineModel
    from pyspark.ml.feature import VectorAssembler

    stages: list[Any] = [VectorAssembler(inputCols=["a", "b"], outputCol="both", handleInvalid="skip")]
    modelpack.save_model(PipelineModel(stages=stages), tmp_path / "model")
    with pytest.raises(ModelFailureError, match=r"2 rows for 3[\s\S]*handleInvalid"):
        modelpack.pyfunc.load_model(tmp_path / "model").predict(ROWS.assign(b=[1.0, float("nan"), 2.0]))


def test_arrays_have_no_names(assembled: Any, tmp_path: Path) -> None:
    """Spark knows columns by name alone."""
    modelpack.save_model(assembled, tmp_path / "model")
    with pytest.raises(SchemaError, match="columns by name"):
        modelpack.pyfunc.load_model(tmp_path / "model").predict(ROWS.to_numpy())


def test_jars_are_refused(assembled: Any, tmp_path: Path) -> None:
    """With the reason, and where they belong (S89)."""
    with pytest.raises(InvalidArgumentError, match=r"jars=\['a.jar'\][\s\S]*spark.jars"):
        modelpack_flavor_spark.save_model(assembled, tmp_path / "model", jars=["a.jar"])
    assert not (tmp_path / "model").exists()


def test_a_stage_is_no_pipeline(assembled: Any, tmp_path: Path) -> None:
    """The error says what to do (S89)."""
    with pytest.raises(InvalidArgumentError, match=r"PipelineModel.*not a LinearRegressionModel"):
        modelpack_flavor_spark.save_model(assembled.stages[-1], tmp_path / "model")


def test_a_sample_needs_the_flavor_that_writes_it(
    assembled: Any, spark: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without its plugin the save fails as a whole, and says what to install (S91)."""
    monkeypatch.setenv("MODELPACK_DISABLE_PLUGINS", "")
    from modelpack.plugins.manager import PluginManager

    none_but_spark = PluginManager(entry_points=_without("mleap"))
    with pytest.raises(PluginError, match="pip install modelpack-flavor-mleap"):
        modelpack.save_model(assembled, tmp_path / "model", sample_input=spark.range(1), plugins=none_but_spark)
    assert not (tmp_path / "model").exists()


def _without(name: str) -> Callable[[str], Any]:
    from importlib.metadata import entry_points

    return lambda group: [point for point in entry_points(group=group) if point.name != name]


def test_by_way_of_another_file_system(assembled: Any, shared: Callable[[Path], str], tmp_path: Path) -> None:
    """The pipeline is copied from there after saving, and to there before loading, where it stays (S90)."""
    place = tmp_path / "shared"
    place.mkdir()
    uri = shared(place)
    modelpack_flavor_spark.save_model(assembled, tmp_path / "model", dfs_tmpdir=f"{uri}/t/")
    assert list((place / "t").iterdir()) == []
    loaded = modelpack_flavor_spark.load_model(tmp_path / "model", dfs_tmpdir=f"{uri}/t")
    assert [stage.uid for stage in loaded.stages] == [stage.uid for stage in assembled.stages]
    assert len(list((place / "t").iterdir())) == 1
    local = modelpack_flavor_spark.load_model(tmp_path / "model", dfs_tmpdir=(tmp_path / "local").as_uri())
    assert [stage.uid for stage in local.stages] == [stage.uid for stage in assembled.stages]
    assert [path.name for path in (tmp_path / "local").glob("*/stages/0*")] == [f"0_{assembled.stages[0].uid}"]


def test_paths_with_patterns_in_them(assembled: Any, tmp_path: Path) -> None:
    """Spark would take brackets and braces for patterns."""
    place = tmp_path / "a[b]{c,d} *"
    modelpack.save_model(assembled, place / "model")
    answer = modelpack.pyfunc.load_model(place / "model").predict(ROWS)
    assert answer.tolist() == pytest.approx(SUMS)


def test_log_and_load_from_a_run(assembled: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the path in the run, or by the model's URI."""
    monkeypatch.chdir(tmp_path)
    with modelpack.start_run() as run:
        info = modelpack_flavor_spark.log_model(assembled, "pipeline", dfs_tmpdir=(tmp_path / "dfs").as_uri())
    assert info.model_uri == f"runs:/{run.run_id}/pipeline"
    loaded = modelpack_flavor_spark.load_model("pipeline", run_id=run.run_id)
    assert [stage.uid for stage in loaded.stages] == [stage.uid for stage in assembled.stages]


def test_default_environment() -> None:
    """PySpark at the version that is installed."""
    pip = modelpack_flavor_spark.get_default_conda_env()["dependencies"][-1]["pip"]
    assert [line.partition("==")[0] for line in pip] == ["pyspark", "numpy"]


def test_a_pipeline_is_no_function_on_columns(assembled: Any, spark: Any, tmp_path: Path) -> None:
    """It would need a session inside a job; the error says what to do."""
    modelpack.save_model(assembled, tmp_path / "model")
    with pytest.raises(InvalidArgumentError, match=r"transform\(frame\)"):
        modelpack.pyfunc.spark_udf(spark, tmp_path / "model")

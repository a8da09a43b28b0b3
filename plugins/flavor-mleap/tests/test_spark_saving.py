"""Saving a Spark pipeline: the files and keys of MLflow's mleap flavor, and a model that serves without a JVM."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

import modelpack
import modelpack_flavor_mleap
from modelpack.errors import AlreadyExistsError, InvalidArgumentError
from modelpack.models import Model
from modelpack.testing.asgi import Request, answer
from modelpack_flavor_mleap import MLeapSerializationException
from modelpack_flavor_mleap.spark.pipeline import convert

pytest.importorskip("pyspark")

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def pipeline(training: Any) -> Any:
    """Texts, numbers and a forest."""
    from pyspark.ml import Pipeline
    from pyspark.ml.classification import RandomForestClassifier
    from pyspark.ml.feature import StringIndexer, VectorAssembler

    inner = Pipeline(stages=[StringIndexer(inputCol="color", outputCol="code")])
    assembler = VectorAssembler(inputCols=["code", "a", "b"], outputCol="features")
    return Pipeline(stages=[inner, assembler, RandomForestClassifier(numTrees=3, seed=1)]).fit(training)


@pytest.fixture
def rows(training: Any) -> pd.DataFrame:
    """Some rows, with pandas."""
    return pd.DataFrame([row.asDict() for row in training.limit(5).collect()], columns=training.columns)[
        ["color", "a", "b"]
    ]


def test_saves_the_files_and_keys_of_mlflow(pipeline: Any, training: Any, rows: pd.DataFrame, tmp_path: Path) -> None:
    """S97 and S98, and a generic view that answers what Spark predicts."""
    modelpack_flavor_mleap.save_model(pipeline, training.limit(2), tmp_path / "model", input_example=rows.head(2))
    assert (tmp_path / "model/mleap/model/bundle.json").is_file()
    schema = (tmp_path / "model/mleap/schema.json").read_text()
    assert json.loads(schema)["fields"] == [
        {"name": "a", "type": "double"},
        {"name": "b", "type": "double"},
        {"name": "color", "type": "string"},
    ]
    assert schema.startswith('{\n    "fields"')
    flavors = Model.load(tmp_path / "model").flavors
    assert flavors["mleap"]["model_data"] == "mleap/model"
    assert flavors["mleap"]["input_schema"] == "mleap/schema.json"
    assert flavors["python_function"]["loader_module"] == "modelpack_flavor_mleap"
    expected = [row["prediction"] for row in pipeline.transform(training.limit(5)).collect()]
    assert modelpack.pyfunc.load_model(tmp_path / "model").predict(rows).tolist() == expected


def test_views_can_answer_probabilities(pipeline: Any, training: Any, rows: pd.DataFrame, tmp_path: Path) -> None:
    """What the view answers is chosen when a model is saved, or when it is loaded."""
    modelpack_flavor_mleap.save_model(pipeline, training, tmp_path / "model", output_columns=["probability"])
    expected = [row["probability"].toArray() for row in pipeline.transform(training.limit(5)).collect()]
    np.testing.assert_array_equal(modelpack.pyfunc.load_model(tmp_path / "model").predict(rows), expected)
    both = modelpack.pyfunc.load_model(tmp_path / "model", output_columns=("prediction", "probability")).predict(rows)
    assert both.columns.tolist() == ["prediction", "probability_0", "probability_1"]


def test_adds_itself_to_a_model_that_is_being_saved(
    pipeline: Any, training: Any, rows: pd.DataFrame, tmp_path: Path
) -> None:
    """Another flavor calls it on its directory (S91); who writes MLmodel then writes both flavors."""
    description = Model().add_flavor("spark", model_data="sparkml")
    modelpack_flavor_mleap.add_to_model(description, tmp_path, pipeline, training)
    assert set(description.flavors) == {"spark", "mleap"}
    assert not (tmp_path / "MLmodel").exists()
    description.save(tmp_path)
    view = modelpack.pyfunc.load_model(tmp_path, flavor="mleap")
    assert view.predict(rows).tolist() == modelpack_flavor_mleap.load_model(tmp_path).predict(rows).tolist()
    with pytest.raises(AlreadyExistsError, match="mleap"):
        modelpack_flavor_mleap.add_to_model(description, tmp_path, pipeline, training)


def test_adds_itself_to_a_model_that_was_saved(
    pipeline: Any, training: Any, rows: pd.DataFrame, tmp_path: Path
) -> None:
    """The manifest is that of the model as it is then, so that it loads."""
    path = tmp_path / "model"
    modelpack.save_model(convert(pipeline, training), path)
    (path / "mleap").rename(tmp_path / "elsewhere")
    description = Model.load(path)
    del description.flavors["mleap"], description.flavors["python_function"]
    modelpack_flavor_mleap.add_to_model(description, path, pipeline, training)
    assert len(modelpack.pyfunc.load_model(path, flavor="mleap").predict(rows)) == 5


def test_serves_from_the_scoring_server(pipeline: Any, training: Any, rows: pd.DataFrame, tmp_path: Path) -> None:
    """JSON in, predictions out, and no JVM is asked."""
    from modelpack.serving.app import create_app

    modelpack_flavor_mleap.save_model(pipeline, training, tmp_path / "model", input_example=rows.head(1))
    app = create_app(modelpack.pyfunc.load_model(tmp_path / "model"))
    body = json.dumps({"dataframe_split": json.loads(rows.to_json(orient="split", index=False))}).encode()
    status, answered = answer(app, Request(path="/invocations", body=body))
    expected = [row["prediction"] for row in pipeline.transform(training.limit(5)).collect()]
    assert (status, json.loads(answered)["predictions"]) == (200, expected)


def test_columns_of_vectors_and_of_words_come_in(spark: Any, tmp_path: Path) -> None:
    """A pipeline may begin with vectors, whose width the first row tells, and with lists of words."""
    from pyspark.ml import Pipeline
    from pyspark.ml.feature import CountVectorizer, MaxAbsScaler, VectorAssembler
    from pyspark.ml.linalg import Vectors

    made = [(Vectors.dense(1.0, -2.0), ["a", "b"]), (Vectors.sparse(2, [1], [4.0]), ["b"]), (Vectors.dense(0.5, 1), [])]
    data = spark.createDataFrame(made, ["v", "words"])
    stages: list[Any] = [
        MaxAbsScaler(inputCol="v", outputCol="scaled"),
        CountVectorizer(inputCol="words", outputCol="counts"),
        VectorAssembler(inputCols=["scaled", "counts"], outputCol="out"),
    ]
    model = Pipeline(stages=stages).fit(data)
    modelpack_flavor_mleap.save_model(model, data, tmp_path / "model")
    assert json.loads((tmp_path / "model/mleap/schema.json").read_text())["fields"] == [
        {"name": "v", "type": {"type": "tensor", "base": "double", "dimensions": [2]}},
        {"name": "words", "type": {"type": "list", "base": "string"}},
    ]
    rows = pd.DataFrame({"v": [row[0].toArray().tolist() for row in made], "words": [row[1] for row in made]})
    expected = [row["out"].toArray() for row in model.transform(data).collect()]
    np.testing.assert_array_equal(modelpack.pyfunc.load_model(tmp_path / "model").predict(rows), expected)


def test_stages_that_cannot_be_written_are_named(training: Any, tmp_path: Path) -> None:
    """With place and uid, before anything is written (S96)."""
    from pyspark.ml import Pipeline
    from pyspark.ml.feature import DCT, SQLTransformer, VectorAssembler

    stages: list[Any] = [
        VectorAssembler(inputCols=["a", "b"], outputCol="v"),
        DCT(inputCol="v", outputCol="w", inverse=False),
    ]
    model = Pipeline(stages=[Pipeline(stages=stages)]).fit(training)
    with pytest.raises(MLeapSerializationException, match=f"stage 0.1 of the pipeline, the DCT '{stages[1].uid}'"):
        modelpack_flavor_mleap.save_model(model, training, tmp_path / "model")
    statement = Pipeline(stages=[SQLTransformer(statement="SELECT * FROM __THIS__")]).fit(training)
    with pytest.raises(MLeapSerializationException, match="stage 0 of the pipeline, the SQLTransformer"):
        modelpack_flavor_mleap.write_bundle(statement, training, tmp_path)
    assert not list(tmp_path.iterdir())


def test_transformers_of_ones_own_are_refused(training: Any, tmp_path: Path) -> None:
    """S96, also when they are called as one that is known."""
    from pyspark.ml import PipelineModel, Transformer

    tokenizer: Any = type("Tokenizer", (Transformer,), {"_transform": lambda _self, dataset: dataset})
    with pytest.raises(MLeapSerializationException, match="the Tokenizer"):
        modelpack_flavor_mleap.write_bundle(PipelineModel([tokenizer()]), training, tmp_path)


def test_what_mleap_cannot_express_is_told(training: Any, tmp_path: Path) -> None:
    """A stage that is known, with settings that MLeap does not have."""
    from pyspark.ml import Pipeline
    from pyspark.ml.classification import NaiveBayes
    from pyspark.ml.clustering import KMeans
    from pyspark.ml.feature import RegexTokenizer, VectorAssembler
    from pyspark.ml.regression import GeneralizedLinearRegression

    assembler = VectorAssembler(inputCols=["size", "a"], outputCol="features")
    wrong: dict[str, Any] = {
        "gaussian": NaiveBayes(modelType="gaussian"),
        "cosine": KMeans(k=2, distanceMeasure="cosine", seed=1),
        "only Java's": RegexTokenizer(inputCol="words", outputCol="out", pattern="\\p{Alpha}+"),
        "tweedie": GeneralizedLinearRegression(family="tweedie", labelCol="size", variancePower=0.0),
    }
    for reason, stage in wrong.items():
        model = Pipeline(stages=[assembler, stage]).fit(training)
        with pytest.raises(MLeapSerializationException, match=f"stage 1 of the pipeline.*{reason}"):
            modelpack_flavor_mleap.write_bundle(model, training, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_spark_pipeline_needs_a_spark_sample(
    pipeline: Any, training: Any, rows: pd.DataFrame, tmp_path: Path
) -> None:
    """S96: other types are rejected, and so is a pipeline that was not fitted."""
    from pyspark.ml import Pipeline

    for sample in (None, rows, [1, 2]):
        with pytest.raises(InvalidArgumentError, match="Spark DataFrame"):
            modelpack_flavor_mleap.save_model(pipeline, sample, tmp_path / "model")
    for wrong in (Pipeline(stages=[]), pipeline.stages[-1]):
        with pytest.raises(InvalidArgumentError, match="fitted PipelineModel"):
            modelpack_flavor_mleap.save_model(wrong, training, tmp_path / "model")
    with pytest.raises(MLeapSerializationException, match="lacks"):
        modelpack_flavor_mleap.save_model(pipeline, training.select("a", "b"), tmp_path / "model")
    assert not list(tmp_path.iterdir())

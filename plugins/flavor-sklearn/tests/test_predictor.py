"""The generic Python view of an estimator."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import DBSCAN
from sklearn.linear_model import LogisticRegression
from sklearn.multioutput import MultiOutputClassifier
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import LinearSVC

import modelpack
from modelpack.errors import InvalidArgumentError, InvalidModelError
from modelpack.schema.mlmodel import MLmodel
from modelpack_flavor_sklearn.predictor import adapt

Iris = tuple[pd.DataFrame, pd.Series]


@pytest.mark.parametrize("method", ["predict", "predict_proba", "predict_log_proba", "decision_function"])
def test_named_method_answers(method: str, iris: Iris, tmp_path: Path) -> None:
    """`pyfunc_predict_fn` stands in the model, under MLflow's key, and is what pyfunc calls."""
    model = LogisticRegression(max_iter=500).fit(*iris)
    modelpack.save_model(model, tmp_path / "model", pyfunc_predict_fn=method)
    assert MLmodel.load(tmp_path / "model").flavor_conf("python_function")["predict_fn"] == method
    answer = modelpack.pyfunc.load_model(tmp_path / "model").predict(iris[0])
    np.testing.assert_array_equal(answer, getattr(model, method)(iris[0]))


def test_predict_is_the_default(iris: Iris, tmp_path: Path) -> None:
    """As in MLflow."""
    model = LogisticRegression(max_iter=500).fit(*iris)
    info = modelpack.save_model(model, tmp_path / "model")
    assert info.flavors["python_function"]["predict_fn"] == "predict"
    assert info.flavors["python_function"]["loader_module"] == "mlflow.sklearn"


def test_transformer_transforms(iris: Iris, tmp_path: Path) -> None:
    """What cannot predict answers with `transform`, sparse matrices made dense."""
    scaler = StandardScaler().fit(iris[0])
    modelpack.save_model(scaler, tmp_path / "scaler")
    answer = modelpack.pyfunc.load_model(tmp_path / "scaler").predict(iris[0])
    np.testing.assert_array_equal(answer, scaler.transform(iris[0]))
    encoder = OneHotEncoder().fit(iris[0])
    assert isinstance(adapt(encoder, None).predict(iris[0]), np.ndarray)


def test_model_without_any_method_has_no_generic_view(iris: Iris, tmp_path: Path) -> None:
    """DBSCAN labels what it was fitted to, and nothing else."""
    info = modelpack.save_model(DBSCAN().fit(iris[0]), tmp_path / "model")
    assert list(info.flavors) == ["sklearn"]
    assert isinstance(modelpack.load_model(tmp_path / "model"), DBSCAN)


def test_method_that_the_model_lacks_is_refused(iris: Iris, tmp_path: Path) -> None:
    """The error names those that it has."""
    model = LinearSVC(max_iter=5000).fit(*iris)
    with pytest.raises(InvalidArgumentError, match="LinearSVC has no method predict_proba") as raised:
        modelpack.save_model(model, tmp_path / "model", pyfunc_predict_fn="predict_proba")
    assert "predict, decision_function" in str(raised.value.hint)
    assert list(tmp_path.iterdir()) == []


def test_unknown_method_is_refused(iris: Iris, tmp_path: Path) -> None:
    """Neither a caller nor a model names any other attribute."""
    with pytest.raises(InvalidArgumentError, match="pyfunc_predict_fn"):
        modelpack.save_model(LogisticRegression(), tmp_path / "model", pyfunc_predict_fn="fit")
    with pytest.raises(InvalidModelError, match="'fit'"):
        adapt(LogisticRegression(max_iter=500).fit(*iris), "fit")


def test_several_outputs_are_told_apart(iris: Iris) -> None:
    """A list of arrays becomes a dict by position."""
    rows, target = iris
    model = MultiOutputClassifier(LogisticRegression(max_iter=500)).fit(rows, np.stack([target, target > 0], axis=1))
    answer: Any = adapt(model, "predict_proba").predict(rows)
    assert {name: part.shape for name, part in answer.items()} == {"0": (150, 3), "1": (150, 2)}


def test_frame_reaches_the_estimator_as_it_is(iris: Iris) -> None:
    """No copy, and the names stay, so that scikit-learn checks them."""
    model = LogisticRegression(max_iter=500).fit(*iris)
    with pytest.raises(ValueError, match="feature names"):
        adapt(model, None).predict(iris[0].iloc[:, ::-1])

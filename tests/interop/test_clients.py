"""The clients that MLflow has for its own server, unchanged, against ours."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import modelpack

RunMLflow = Callable[..., Any]

CLIENT = """
import json, sys, pandas, numpy as np
from urllib.parse import urlsplit
from mlflow.pyfunc.scoring_server.client import ScoringServerClient
address = urlsplit(sys.argv[1])
client = ScoringServerClient(address.hostname, address.port)
client.wait_server_ready(timeout=30)
data = pandas.read_csv(sys.argv[2])
"""
EVERY_FORM = f"""{CLIENT}
answers = [client.invoke(data), client.invoke(data.to_numpy()), client.invoke(data.to_numpy().tolist())]
answers.append(client.invoke(json.dumps({{"dataframe_records": data.to_dict(orient="records")}})))
assert answers[0].get_predictions().shape == (len(data), 1)
print(json.dumps([answer.get_predictions("ndarray").tolist() for answer in answers]))
"""
SERVED_MODEL = f"""{CLIENT}
from mlflow.models import Model
from mlflow.pyfunc import _ServedPyFuncModel
model = _ServedPyFuncModel(Model.load(sys.argv[3]), client, server_pid=0)
print(json.dumps(np.ravel(model.predict(data)).tolist()))
"""
MISTAKE = f"""{CLIENT}
try:
    client.invoke(data.drop(columns="alcohol"))
except Exception as error:
    print(json.dumps([str(error), client.get_version()]))
"""


@pytest.fixture(scope="module")
def wine() -> tuple[pd.DataFrame, Any]:
    """The wine data set and a pipeline fitted on it."""
    features, target = load_wine(return_X_y=True, as_frame=True)
    return features, make_pipeline(StandardScaler(), LogisticRegression()).fit(features, target)


@pytest.fixture(scope="module")
def served(wine: tuple[pd.DataFrame, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Any]]:
    """The address of a server of the pipeline, a file with the features, and the model's directory."""
    folder = tmp_path_factory.mktemp("served")
    features, pipeline = wine
    modelpack.save_model(pipeline, folder / "model", input_example=features.head(2))
    features.to_csv(folder / "wine.csv", index=False)
    command = [sys.executable, "-m", "modelpack", "serve", str(folder / "model"), "--port", "0", "--no-access-log"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as server:
        assert server.stdout is not None
        first = server.stdout.readline()
        address = re.search(r"http://\S+", first)
        assert address, first + server.stdout.read()
        yield [address[0], folder / "wine.csv", folder / "model"]
        server.terminate()
        server.communicate(timeout=60)


@pytest.mark.slow
def test_mlflows_client_is_answered_in_every_form_it_sends(
    run_mlflow: RunMLflow, wine: tuple[pd.DataFrame, Any], served: list[Any]
) -> None:
    """A frame, an array, a list and a text of JSON; it waits for `/ping` and makes a frame of the answer."""
    features, pipeline = wine
    for predictions in run_mlflow(EVERY_FORM, *served):
        np.testing.assert_array_equal(predictions, pipeline.predict(features))


@pytest.mark.slow
def test_a_model_that_mlflow_scores_through_a_server_predicts_the_same(
    run_mlflow: RunMLflow, wine: tuple[pd.DataFrame, Any], served: list[Any]
) -> None:
    """What its Spark UDF and `mlflow models predict` use when the model's environment is another."""
    features, pipeline = wine
    np.testing.assert_array_equal(run_mlflow(SERVED_MODEL, *served), pipeline.predict(features))


@pytest.mark.slow
def test_mlflows_client_shows_what_is_wrong(run_mlflow: RunMLflow, served: list[Any]) -> None:
    """Status and message come through, and the version is ours."""
    message, version = run_mlflow(MISTAKE, *served)
    assert "422" in message
    assert "alcohol" in message
    assert modelpack.__version__ in version

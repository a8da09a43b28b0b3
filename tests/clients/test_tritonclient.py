"""Triton's own client, unmodified, against a server in a process of its own."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

import modelpack
from modelpack.schema.signature import ModelSignature, Tensor, TensorSchema

triton = pytest.importorskip("tritonclient.http")

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow

TEXTS = '''
import numpy as np
from modelpack.pyfunc import PythonModel


class Texts(PythonModel):
    """Joins a text, a number and a date, as often as the param says."""

    def predict(self, context, model_input, params=None):
        days = model_input["day"].dt.strftime("%j")
        joined = model_input["text"] + "/" + model_input["number"].astype(str) + "/" + days
        return joined * (params or {}).get("times", 1)


class Images(PythonModel):
    """Answers the mean of each image, and what it got."""

    def predict(self, context, model_input, params=None):
        image = model_input["image"]
        if (image < 0).any():
            raise ValueError("light is never negative")
        return {"mean": image.mean(axis=(1, 2)), "image": image, "title": model_input["title"]}
'''


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A `MODELPACK_HOME` for the models and the servers of these tests."""
    path = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MODELPACK_HOME", str(path))
        patch.syspath_prepend(path)
        (path / "triton_models.py").write_text(TEXTS, encoding="utf-8")
        yield path


def started(model: Path, *options: str) -> Iterator[str]:
    """Start a server, give its address, and end it."""
    command = [sys.executable, "-m", "modelpack", "serve", str(model), "--port", "0", "--no-access-log", *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        line = process.stderr.readline()
        found = re.search(r"listening on http://(\S+)", line)
        assert found is not None, line + process.stderr.read()
        for _ in range(4):
            process.stderr.readline()
        yield found[1]
        process.terminate()
        process.communicate(timeout=30)
        assert process.returncode == 0


@pytest.fixture(scope="module")
def iris(home: Path) -> Iterator[Any]:
    """A client of a server of a classifier that takes arrays."""
    features, target = load_iris(return_X_y=True, as_frame=True)
    modelpack.save_model(LogisticRegression(max_iter=500).fit(features, target), home / "iris", input_example=features)
    for address in started(home / "iris"):
        with triton.InferenceServerClient(address) as client:
            yield client


@pytest.fixture(scope="module")
def texts(home: Path) -> Iterator[Any]:
    """A client of a server of a model with a text, a number, a date and a param."""
    from triton_models import Texts  # type: ignore[import-not-found]  # written above

    example = pd.DataFrame({"text": ["a"], "number": np.array([1], "int64"), "day": [pd.Timestamp("2024-01-31")]})
    signature = modelpack.infer_signature(example, ["a/1/031"], {"times": 1})
    modelpack.pyfunc.save_model(
        home / "texts", python_model=Texts(), code_paths=[home / "triton_models.py"], signature=signature
    )
    for address in started(home / "texts", "--name", "joiner"):
        with triton.InferenceServerClient(address) as client:
            yield client


@pytest.fixture(scope="module")
def images(home: Path) -> Iterator[Any]:
    """A client of a server of a model with two tensors and three outputs."""
    from triton_models import Images

    signature = ModelSignature(
        inputs=TensorSchema((Tensor("float32", (-1, 2, 2), "image"), Tensor("object", (-1,), "title")))
    )
    modelpack.pyfunc.save_model(
        home / "images", python_model=Images(), code_paths=[home / "triton_models.py"], signature=signature
    )
    for address in started(home / "images"):
        with triton.InferenceServerClient(address, concurrency=4) as client:
            yield client


def given(name: str, array: Any, datatype: str, *, binary: bool = True) -> Any:
    """An input of the client."""
    made = triton.InferInput(name, list(array.shape), datatype)
    return made.set_data_from_numpy(array, binary_data=binary)


def test_the_server_and_its_model_are_alive_and_ready(iris: Any) -> None:
    """By every question that the client has."""
    assert iris.is_server_live()
    assert iris.is_server_ready()
    assert iris.is_model_ready("iris")
    assert iris.is_model_ready("iris", "1")
    assert not iris.is_model_ready("iris", "2")
    assert not iris.is_model_ready("tulips")


def test_the_metadata_says_what_the_model_takes(iris: Any) -> None:
    """A tensor for each column."""
    assert iris.get_server_metadata()["name"] == "modelpack"
    metadata = iris.get_model_metadata("iris")
    assert metadata == iris.get_model_metadata("iris", "1")
    assert metadata["platform"] == "sklearn_mlmodel"
    assert [each["name"] for each in metadata["inputs"]] == load_iris().feature_names
    assert {each["datatype"] for each in metadata["inputs"]} == {"FP64"}
    assert iris.get_model_repository_index() == [{"name": "iris", "version": "1", "state": "READY", "reason": ""}]


@pytest.mark.parametrize("binary", [True, False], ids=["binary", "json"])
@pytest.mark.parametrize("outputs", [None, True, False], ids=["all", "binary out", "json out"])
def test_a_tensor_of_all_columns_is_predicted(iris: Any, binary: bool, outputs: bool | None) -> None:  # noqa: FBT001 - parametrised
    """The same classes whatever the way there and back."""
    features, target = load_iris(return_X_y=True)
    name = iris.get_model_metadata("iris")["outputs"][0]["name"]
    asked = None if outputs is None else [triton.InferRequestedOutput(name, binary_data=outputs)]
    result = iris.infer("iris", [given("rows", features, "FP64", binary=binary)], request_id="r1", outputs=asked)
    answered = result.as_numpy(name)
    assert answered.shape == (150,)
    assert (answered == target).mean() > 0.9
    assert result.get_response()["id"] == "r1"
    assert ("binary_data_size" in result.get_output(name).get("parameters", {})) == (outputs is not False)


def test_columns_are_predicted_as_the_tensor_of_them(iris: Any) -> None:
    """In any order, with one axis or two."""
    features = load_iris(as_frame=True).data
    columns = [given(name, features[[name]].to_numpy(), "FP64") for name in reversed(features.columns)]
    name = iris.get_model_metadata("iris")["outputs"][0]["name"]
    whole = iris.infer("iris", [given("rows", features.to_numpy(), "FP64")]).as_numpy(name)
    assert (iris.infer("iris", columns, model_version="1").as_numpy(name) == whole).all()


@pytest.mark.parametrize("sent", [None, "gzip", "deflate"])
@pytest.mark.parametrize("wanted", [None, "gzip", "deflate"])
def test_bodies_may_be_compressed(iris: Any, sent: str | None, wanted: str | None) -> None:
    """In either direction."""
    features = np.tile(load_iris().data, (10, 1))
    name = iris.get_model_metadata("iris")["outputs"][0]["name"]
    result = iris.infer(
        "iris",
        [given("rows", features, "FP64")],
        request_compression_algorithm=sent,
        response_compression_algorithm=wanted,
    )
    assert result.as_numpy(name).shape == (1500,)


@pytest.mark.parametrize("binary", [True, False], ids=["binary", "json"])
def test_texts_dates_and_params_are_understood(texts: Any, binary: bool) -> None:  # noqa: FBT001 - parametrised
    """As the signature has them."""
    inputs = [
        given("text", np.array(["ä", "b"], object), "BYTES", binary=binary),
        given("number", np.array([7, -1]), "INT64", binary=binary),
        given("day", np.array(["2024-01-31", "2024-12-31"], object), "BYTES", binary=binary),
    ]
    result = texts.infer("joiner", inputs, parameters={"times": 2})
    (output,) = result.get_response()["outputs"]
    assert [value.decode() for value in result.as_numpy(output["name"])] == ["ä/7/031" * 2, "b/-1/366" * 2]


def test_an_unknown_param_is_told(texts: Any) -> None:
    """With the status of a schema error."""
    inputs = [
        given("text", np.array(["a"], object), "BYTES"),
        given("number", np.array([1]), "INT64"),
        given("day", np.array(["2024-01-31"], object), "BYTES"),
    ]
    with pytest.raises(triton.InferenceServerException, match="often") as caught:
        texts.infer("joiner", inputs, parameters={"often": 2})
    assert caught.value.status() == "422"


def images_of(count: int, **options: Any) -> list[Any]:
    """The inputs for so many images."""
    pixels = np.arange(count * 4, dtype="float32").reshape(count, 2, 2)
    titles = np.array([f"image {place}" for place in range(count)], object)
    return [given("image", pixels, "FP32", **options), given("title", titles, "BYTES", **options)]


@pytest.mark.parametrize("binary", [True, False], ids=["binary", "json"])
def test_tensors_keep_their_shape_and_type(images: Any, binary: bool) -> None:  # noqa: FBT001 - parametrised
    """Asked for by name, in that order, each in its form."""
    asked = [triton.InferRequestedOutput(name, binary_data=name == "image") for name in ("title", "image")]
    result = images.infer("images", images_of(3, binary=binary), outputs=asked)
    assert [each["name"] for each in result.get_response()["outputs"]] == ["title", "image"]
    assert result.as_numpy("image").dtype == np.float32
    assert result.as_numpy("image").tolist() == np.arange(12.0).reshape(3, 2, 2).tolist()
    assert result.as_numpy("title").tolist() == ["image 0", "image 1", "image 2"]
    assert result.as_numpy("mean") is None


def test_many_requests_at_a_time_get_their_own_answers(images: Any) -> None:
    """Whether or not they are predicted together."""
    waiting = [images.async_infer("images", images_of(count)) for count in range(1, 21)]
    for count, request in enumerate(waiting, 1):
        assert request.get_result().as_numpy("mean").tolist() == [4 * place + 1.5 for place in range(count)]


@pytest.mark.parametrize(
    ("model", "inputs", "outputs", "status", "message"),
    [
        ("other", images_of(1), None, "404", "there is no model 'other'; this server has 'images'"),
        ("images", images_of(1)[:1], None, "422", "missing tensors: 'title'"),
        ("images", [given("image", np.zeros((1, 2), "float32"), "FP32"), images_of(1)[1]], None, "422", "shape"),
        ("images", images_of(1), [triton.InferRequestedOutput("x")], "400", "the model has no output 'x'"),
        ("images", images_of(1), [triton.InferRequestedOutput("mean", class_count=2)], "400", "classification"),
        (
            "images",
            [given("image", -np.ones((1, 2, 2), "float32"), "FP32"), images_of(1)[1]],
            None,
            "500",
            "light is never negative",
        ),
    ],
)
def test_errors_reach_the_client_with_their_message(
    images: Any, model: str, inputs: Any, outputs: Any, status: str, message: str
) -> None:
    """The client reads the key `error`."""
    with pytest.raises(triton.InferenceServerException, match=message) as caught:
        images.infer(model, inputs, outputs=outputs)
    assert caught.value.status() == status
    assert images.is_server_live()

"""Inference requests, from body to answer."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelpack.errors import ModelFailureError
from modelpack.schema.signature import (
    AnyType,
    Array,
    Column,
    ColumnSchema,
    DataType,
    Map,
    ModelSignature,
    Object,
    Param,
    Property,
)

if TYPE_CHECKING:
    from collections.abc import Callable

PLANE = ModelSignature(
    inputs=ColumnSchema((Column(DataType.DOUBLE, "x"), Column(DataType.DOUBLE, "y"))),
    outputs=ColumnSchema((Column(DataType.DOUBLE, "z"),)),
    params=(Param("scale", DataType.DOUBLE, 1.0), Param("timeout", DataType.LONG, 5)),
)
INFER = "/v2/models/m/infer"


def plane(data: Any) -> Any:
    """Twice x plus y."""
    return (2 * data["x"] + data["y"]).to_numpy()


def test_the_example_of_the_specification_is_answered(serve: Callable[..., Any], tensor: Callable[..., Any]) -> None:
    """Two inputs of unlike shapes, one of the outputs asked for, and the id given back."""
    served = serve(lambda data: {"output0": np.array([[1, 1.1], [2, 2.1], [3, 3.1]], "float32"), "more": [len(data)]})
    answer = served.infer(
        tensor("input0", "UINT32", [2, 2], [1, 2, 3, 4]),
        tensor("input1", "BOOL", [3], [True, False, True]),
        id="42",
        outputs=[{"name": "output0"}],
    )
    assert answer == {
        "model_name": "m",
        "model_version": "1",
        "id": "42",
        "outputs": [{"name": "output0", "datatype": "FP32", "shape": [3, 2], "data": [1.0, 1.1, 2.0, 2.1, 3.0, 3.1]}],
    }
    assert served.data["input0"].dtype == np.uint32
    assert served.data["input0"].tolist() == [[1, 2], [3, 4]]
    assert served.data["input1"].tolist() == [True, False, True]


def test_columns_reach_the_model_by_name(serve: Callable[..., Any], tensor: Callable[..., Any]) -> None:
    """In whatever order they come, with one axis or with a second of one."""
    outputs = serve(plane, PLANE).outputs(tensor("y", "FP64", [2], [10, 20.5]), tensor("x", "FP64", [2, 1], [[1], [2]]))
    assert outputs == {"z": {"name": "z", "datatype": "FP64", "shape": [2], "data": [12.0, 24.5]}}


def test_the_version_may_stand_in_the_path(serve: Callable[..., Any], tensor: Callable[..., Any]) -> None:
    """There is one."""
    document = {"inputs": [tensor("any", "FP64", [1, 2], [1, 2])]}
    answer = serve(plane, PLANE).client.post("/v2/models/m/versions/1/infer", json=document)
    assert answer.json()["outputs"][0]["data"] == [4.0]


def test_parameters_of_the_request_are_params_of_the_model(
    serve: Callable[..., Any], tensor: Callable[..., Any]
) -> None:
    """But for those that clients send to the server; one that the model has is the model's."""
    served = serve(plane, PLANE)
    parameters = {"scale": 2.5, "priority": 1, "triton_x": True, "binary_data_output": False, "timeout": 7}
    served.infer(tensor("t", "FP64", [1, 2], [1, 2]), parameters=parameters)
    assert served.params == {"scale": 2.5, "timeout": 7}


def test_an_unknown_parameter_is_refused(serve: Callable[..., Any], tensor: Callable[..., Any]) -> None:
    """As /invocations refuses it, with the same status."""
    answer = serve(plane, PLANE).infer(tensor("t", "FP64", [1, 2], [1, 2]), parameters={"speed": 1}, status=422)
    assert "speed" in answer["error"]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], "the body is a list, not an object"),
        ({}, "the request has no inputs"),
        ({"inputs": []}, "the request has no inputs"),
        ({"inputs": {}}, "the request has no inputs"),
        ({"inputs": [1]}, "an input is an object; a number came"),
        ({"inputs": [{"shape": [1]}]}, "an input has no name"),
        ({"inputs": [{"name": "x"}]}, "tensor 'x': shape is a list of whole numbers, such as [2, 4]; None came"),
        ({"inputs": [{"name": "x", "shape": [1]}]}, "tensor 'x': there is no datatype None"),
        ({"inputs": [{"name": "x", "shape": [1], "datatype": "FP64"}]}, "tensor 'x': data is a list; null came"),
        ({"id": 5, "inputs": [{"name": "x", "shape": [0], "datatype": "FP64", "data": []}]}, "id is a string"),
        ({"parameters": [], "inputs": [1]}, "the parameters of an inference request are an object; a list came"),
    ],
)
def test_a_body_that_is_no_request_is_refused(serve: Callable[..., Any], document: Any, message: str) -> None:
    """400, with what is wrong."""
    answer = serve(plane, PLANE).client.post(INFER, json=document)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith(message)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"outputs": [{"name": "q"}]}, "the model has no output 'q'; its outputs are z"),
        ({"outputs": [{"name": "z"}, {"name": "z"}]}, "output 'z' stands twice"),
        ({"outputs": {"name": "z"}}, "outputs is a list; an object came"),
        (
            {"outputs": [{"name": "z", "parameters": {"classification": 3}}]},
            "output 'z': the classification extension is not supported; take the highest scores yourself",
        ),
        (
            {"outputs": [{"name": "z", "parameters": {"shared_memory_region": "r"}}]},
            "tensor 'z': the shared-memory extensions are not supported; send the data in the request",
        ),
    ],
)
def test_an_output_that_cannot_be_had_is_refused(
    serve: Callable[..., Any], tensor: Callable[..., Any], parts: dict[str, Any], message: str
) -> None:
    """400, with what is wrong."""
    answer = serve(plane, PLANE).infer(tensor("t", "FP64", [1, 2], [1, 2]), **parts, status=400)
    assert answer == {"error": message}


def test_a_tensor_named_twice_is_refused(serve: Callable[..., Any], tensor: Callable[..., Any]) -> None:
    """Neither is preferred."""
    one = tensor("x", "FP64", [1], [1])
    assert serve(plane, PLANE).infer(one, one, status=400) == {"error": "input 'x' stands twice"}


def test_a_model_that_fails_is_told_in_the_protocol(serve: Callable[..., Any], tensor: Callable[..., Any]) -> None:
    """With the status of the same failure elsewhere."""

    def fail(data: Any) -> Any:
        raise ModelFailureError(f"no luck with {len(data)} rows")

    answer = serve(fail, PLANE).infer(tensor("t", "FP64", [1, 2], [1, 2]), status=500)
    assert answer == {"error": "no luck with 1 rows"}


def test_a_body_of_another_type_is_refused(serve: Callable[..., Any]) -> None:
    """What a form on another site can send is not taken."""
    answer = serve(plane, PLANE).client.post(INFER, content=b"{}", headers={"Content-Type": "text/plain"})
    assert answer.status_code == 415
    assert answer.json()["error"].startswith("media type 'text/plain' is not supported")


def test_a_body_needs_no_type(serve: Callable[..., Any], tensor: Callable[..., Any]) -> None:
    """Triton's own client sends none."""
    body = orjson.dumps({"inputs": [tensor("t", "FP64", [1, 2], [1, 2])]})
    assert serve(plane, PLANE).client.post(INFER, content=body).status_code == 200


def test_a_body_beyond_the_limit_is_refused(serve: Callable[..., Any]) -> None:
    """As on every route."""
    answer = serve(plane, PLANE, max_body=10).client.post(INFER, content=b" " * 11)
    assert answer.status_code == 413
    assert "10 bytes" in answer.json()["error"]


@pytest.mark.parametrize(("encoding", "compress"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_a_request_may_be_compressed(
    serve: Callable[..., Any], tensor: Callable[..., Any], encoding: str, compress: Callable[[bytes], bytes]
) -> None:
    """As Triton's client does when asked to."""
    body = compress(orjson.dumps({"inputs": [tensor("t", "FP64", [1, 2], [1, 2])]}))
    answer = serve(plane, PLANE).client.post(INFER, content=body, headers={"Content-Encoding": encoding})
    assert answer.json()["outputs"][0]["data"] == [4.0]


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_an_answer_is_compressed_for_a_client_that_names_one_encoding(
    serve: Callable[..., Any], tensor: Callable[..., Any], encoding: str
) -> None:
    """A short one is not, since nothing would be saved."""
    client = serve(plane, PLANE).client
    for rows, expected in ((1, None), (1000, encoding)):
        document = {"inputs": [tensor("t", "FP64", [rows, 2], [1.5] * 2 * rows)]}
        answer = client.post(INFER, json=document, headers={"Accept-Encoding": encoding})
        assert answer.headers.get("Content-Encoding") == expected
        assert answer.json()["outputs"][0]["data"] == [4.5] * rows


def test_an_answer_is_not_compressed_for_the_list_that_libraries_send(
    serve: Callable[..., Any], tensor: Callable[..., Any]
) -> None:
    """It would cost more time than it saves."""
    document = {"inputs": [tensor("t", "FP64", [1000, 2], [1.5] * 2000)]}
    answer = serve(plane, PLANE).client.post(INFER, json=document, headers={"Accept-Encoding": "gzip, deflate"})
    assert "Content-Encoding" not in answer.headers


def test_nan_and_infinity_are_read_and_written_as_null(serve: Callable[..., Any], tensor: Callable[..., Any]) -> None:
    """Triton's client writes them as Python's json does; JSON itself has neither."""
    served = serve(lambda data: data.to_numpy().sum(axis=1), PLANE)
    body = orjson.dumps({"inputs": [tensor("t", "FP64", [3, 2], [1, "NaN", 1, "Infinity", None, 1])]})
    body = body.replace(b'"NaN"', b"NaN").replace(b'"Infinity"', b"Infinity")
    answer = served.client.post(INFER, content=body)
    assert served.data.isna().to_numpy().tolist() == [[False, True], [False, False], [True, False]]
    assert answer.json()["outputs"][0]["data"] == [None, None, None]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
TENSORS = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["x", "y", "t"]) | VALUES,
        "datatype": st.sampled_from(["FP64", "FP16", "INT8", "UINT64", "BOOL", "BYTES", "BF16"]) | VALUES,
        "shape": st.lists(st.integers(-1, 3), max_size=3) | VALUES,
        "data": st.lists(VALUES, max_size=4) | VALUES,
    },
    optional={"parameters": st.dictionaries(st.sampled_from(["binary_data_size", "content_type"]), VALUES)},
)


def test_no_request_is_answered_with_a_failure_of_the_server(serve: Callable[..., Any]) -> None:
    """Whatever came, it is the client's mistake and told as such."""
    client = serve(lambda data: np.zeros(len(data)), PLANE).client

    @given(st.lists(TENSORS, max_size=3) | VALUES, st.dictionaries(st.sampled_from(["id", "outputs"]), VALUES))
    def check(inputs: Any, others: dict[str, Any]) -> None:
        answer = client.post(INFER, content=json.dumps({"inputs": inputs, **others}).encode())
        assert answer.status_code in {200, 400, 422}, answer.text
        assert answer.status_code == 200 or answer.json().keys() == {"error"}

    check()


KINDS = (*DataType, Array(DataType.LONG), Map(DataType.DOUBLE), Object((Property("k", DataType.STRING),)), AnyType())
EVERYTHING = ModelSignature(
    inputs=ColumnSchema(tuple(Column(kind, str(place), required=False) for place, kind in enumerate(KINDS)))
)
WHOLE = st.integers(-(2**63), 2**63 - 1)
COLUMNS = st.one_of(
    st.tuples(st.just("INT64"), WHOLE),
    st.tuples(st.just("FP64"), st.none() | st.floats(allow_nan=False, allow_infinity=False)),
    st.tuples(st.just("BOOL"), st.booleans()),
    st.tuples(
        st.just("BYTES"),
        st.none() | st.text(max_size=4) | st.sampled_from(["{}", "[1]", '{"k": "v"}', "2024-01-31", "/w==", "1e999"]),
    ),
)


def test_no_column_is_answered_with_a_failure_of_the_server(serve: Callable[..., Any]) -> None:
    """Whatever a column of any type is sent as."""
    client = serve(lambda data: np.zeros(len(data)), EVERYTHING).client

    @given(st.dictionaries(st.sampled_from(range(len(KINDS))), COLUMNS, min_size=1, max_size=3))
    def check(columns: dict[int, tuple[str, Any]]) -> None:
        inputs = [
            {"name": str(place), "datatype": datatype, "shape": [1], "data": [value]}
            for place, (datatype, value) in columns.items()
        ]
        answer = client.post(INFER, content=json.dumps({"inputs": inputs}).encode())
        assert answer.status_code in {200, 400, 422}, answer.text

    check()

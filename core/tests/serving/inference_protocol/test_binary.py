"""The binary-data extension."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pytest

from modelpack.schema.signature import Column, ColumnSchema, DataType, ModelSignature, Tensor, TensorSchema

if TYPE_CHECKING:
    from collections.abc import Callable

TWO = ModelSignature(inputs=ColumnSchema((Column(DataType.DOUBLE, "x"), Column(DataType.DOUBLE, "y"))))


def post(served: Any, document: dict[str, Any], *sections: bytes, length: bytes | None = None) -> Any:
    """The response to a document with binary data behind it."""
    text = orjson.dumps(document)
    headers = {"Inference-Header-Content-Length": length or b"%d" % len(text)}
    return served.client.post("/v2/models/m/infer", content=b"".join([text, *sections]), headers=headers)


def described(name: str, datatype: str, shape: list[int], size: object) -> dict[str, Any]:
    """An input whose data stands behind the document."""
    return {"name": name, "datatype": datatype, "shape": shape, "parameters": {"binary_data_size": size}}


def elements(*values: bytes) -> bytes:
    """Elements of BYTES with their lengths."""
    return b"".join(struct.pack("<I", len(value)) + value for value in values)


def binary_outputs(response: Any) -> dict[str, tuple[dict[str, Any], bytes]]:
    """The described outputs of an answer and the bytes of each."""
    length = int(response.headers["Inference-Header-Content-Length"])
    document, position, found = orjson.loads(response.content[:length]), length, {}
    for output in document["outputs"]:
        size = output.get("parameters", {}).get("binary_data_size", 0)
        found[output["name"]] = output, response.content[position : position + size]
        position += size
    assert position == len(response.content)
    return found


@pytest.mark.parametrize(
    ("datatype", "dtype"),
    [
        ("BOOL", "?"),
        *[(f"UINT{bits}", f"<u{bits // 8}") for bits in (8, 16, 32, 64)],
        *[(f"INT{bits}", f"<i{bits // 8}") for bits in (8, 16, 32, 64)],
        *[(f"FP{bits}", f"<f{bits // 8}") for bits in (16, 32, 64)],
    ],
)
def test_numbers_go_there_and_back_bit_by_bit(serve: Callable[..., Any], datatype: str, dtype: str) -> None:
    """Every datatype, with an odd number of bytes before it."""
    served = serve(lambda data: data)
    array = np.array([[0, 1, 1], [1, 0, 1]], dtype)
    document = {
        "inputs": [described("t", datatype, [2, 3], array.nbytes)],
        "parameters": {"binary_data_output": True},
        "pad": "x" * (array.nbytes % 7),
    }
    output, data = binary_outputs(post(served, document, array.tobytes()))["output-0"]
    assert output == {
        "name": "output-0",
        "datatype": datatype,
        "shape": [2, 3],
        "parameters": {"binary_data_size": array.nbytes},
    }
    assert data == array.tobytes()
    assert served.data.dtype == np.dtype(dtype)


def test_a_model_may_write_to_what_came_in_binary(serve: Callable[..., Any]) -> None:
    """It is no view of the request, and stands in memory as the machine likes it."""

    def add(data: Any) -> Any:
        assert data.flags.aligned
        data += 1
        return data

    array = np.arange(4.0)
    for pad in range(8):
        document = {"inputs": [described("t", "FP64", [4], 32)], "pad": "x" * pad}
        assert post(serve(add), document, array.tobytes()).json()["outputs"][0]["data"] == [1, 2, 3, 4]


def test_columns_may_come_in_binary_and_in_json_together(serve: Callable[..., Any]) -> None:
    """Each input says how its data comes."""
    served = serve(lambda data: (data["x"] - data["y"]).to_numpy(), TWO)
    x = {"name": "x", "datatype": "FP64", "shape": [2], "data": [5, 7]}
    document = {"inputs": [x, described("y", "FP64", [2, 1], 16)]}
    assert post(served, document, np.array([1.0, 2.0]).tobytes()).json()["outputs"][0]["data"] == [4.0, 5.0]


def test_one_tensor_may_hold_all_columns(serve: Callable[..., Any]) -> None:
    """A model that takes arrays gets one."""
    served = serve(lambda data: data.sum(axis=1), TWO, takes_arrays=True)
    array = np.array([[1.0, 2.0], [3.0, 4.0]])
    assert post(served, {"inputs": [described("t", "FP64", [2, 2], 32)]}, array.tobytes()).status_code == 200
    assert isinstance(served.data, np.ndarray)
    assert served.data.flags.c_contiguous


def test_texts_come_with_their_lengths(serve: Callable[..., Any]) -> None:
    """In and out."""
    signature = ModelSignature(inputs=ColumnSchema((Column(DataType.STRING, "s"),)))
    served = serve(lambda data: data["s"].str.upper().to_numpy(dtype=object), signature)
    data = elements("é".encode(), b"", b"abc")
    document = {
        "inputs": [described("s", "BYTES", [3], len(data))],
        "outputs": [{"name": "output-0", "parameters": {"binary_data": True}}],
    }
    output, answered = binary_outputs(post(served, document, data))["output-0"]
    assert answered == elements("É".encode(), b"", b"ABC")
    assert output["shape"] == [3]


def test_bytes_stay_bytes_for_a_binary_column(serve: Callable[..., Any]) -> None:
    """They are no base64 here."""
    signature = ModelSignature(inputs=ColumnSchema((Column(DataType.BINARY, "b"),)))
    served = serve(lambda data: [len(value) for value in data["b"]], signature)
    data = elements(b"\xff\x00", b"AAAA")
    answer = post(served, {"inputs": [described("b", "BYTES", [2], len(data))]}, data)
    assert answer.json()["outputs"][0]["data"] == [2, 4]
    assert served.data["b"].tolist() == [b"\xff\x00", b"AAAA"]


def test_outputs_are_binary_as_each_says(serve: Callable[..., Any]) -> None:
    """One that says nothing is as the request says."""
    served = serve(lambda _: {"a": np.array([1.5]), "b": np.array([2.5]), "c": np.array([3.5])})
    document = {
        "inputs": [{"name": "t", "datatype": "FP64", "shape": [1], "data": [0]}],
        "outputs": [{"name": "c"}, {"name": "a", "parameters": {"binary_data": False}}],
        "parameters": {"binary_data_output": True},
    }
    outputs = binary_outputs(post(served, document))
    assert list(outputs) == ["c", "a"]
    assert outputs["c"][1] == np.array([3.5]).tobytes()
    assert outputs["a"][0]["data"] == [1.5]


@pytest.mark.parametrize("size", [-1, "8", 1.5, True, None])
def test_a_size_that_is_none_is_refused(serve: Callable[..., Any], size: object) -> None:
    """400, not a guess; null means that the data stands in the document, where it does not."""
    answer = post(serve(), {"inputs": [described("t", "FP64", [1], size)]}, b"8" * 8)
    assert answer.status_code == 400
    assert "tensor 't'" in answer.json()["error"]


@pytest.mark.parametrize(
    ("shape", "size", "sent", "message"),
    [
        ([1], 8, 7, "tensor 't': binary_data_size is 8, where 7 bytes are left"),
        ([2], 8, 8, "tensor 't': FP64 of shape [2] has 16 bytes; 8 came"),
        ([1], 8, 9, "1 bytes behind the JSON document belong to no tensor"),
        ([2**40, 2**40], 8, 8, "tensor 't': FP64 of shape [1099511627776, 1099511627776] has"),
    ],
)
def test_sizes_that_do_not_agree_are_refused(
    serve: Callable[..., Any], shape: list[int], size: int, sent: int, message: str
) -> None:
    """400, with both."""
    answer = post(serve(), {"inputs": [described("t", "FP64", shape, size)]}, b"8" * sent)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith(message)


@pytest.mark.parametrize(
    ("shape", "data"),
    [
        ([1], b"\xff\xff\xff\xff"),
        ([1], b"\x05\x00\x00\x00abc"),
        ([1], b"\x01\x00\x00\x00ab"),
        ([2], b"\x04\x00\x00\x00abcd"),
        ([2**40], b"\x00\x00\x00\x00"),
        ([1], b"\x00"),
        ([0], b"\x00"),
    ],
)
def test_elements_that_do_not_fill_their_bytes_are_refused(
    serve: Callable[..., Any], shape: list[int], data: bytes
) -> None:
    """Lengths are checked before anything is made of them."""
    answer = post(serve(), {"inputs": [described("t", "BYTES", shape, len(data))]}, data)
    assert answer.status_code == 400
    assert "tensor 't'" in answer.json()["error"]


@pytest.mark.parametrize("length", [b"-1", b"x", b"1000000", b"9" * 30, b"1.0", b"\xb2"])
def test_a_header_that_is_no_length_of_the_document_is_refused(serve: Callable[..., Any], length: bytes) -> None:
    """400, with the header's name."""
    answer = post(serve(), {"inputs": []}, length=length)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("Inference-Header-Content-Length is")


def test_data_in_both_ways_is_refused(serve: Callable[..., Any]) -> None:
    """Neither is preferred."""
    tensor = {**described("t", "FP64", [1], 8), "data": [1.0]}
    answer = post(serve(), {"inputs": [tensor]}, b"8" * 8)
    assert answer.json() == {"error": "tensor 't' has data in JSON and in binary"}


def test_named_tensors_come_in_binary(serve: Callable[..., Any]) -> None:
    """Each in its place behind the document."""
    inputs = TensorSchema((Tensor("float32", (-1, 2), "a"), Tensor("int64", (-1,), "b")))
    served = serve(lambda data: data["a"].sum(axis=1) + data["b"], ModelSignature(inputs=inputs))
    document = {"inputs": [described("b", "INT64", [2], 16), described("a", "FP32", [2, 2], 16)]}
    answer = post(served, document, np.array([10, 20]).tobytes(), np.array([1, 2, 3, 4], "float32").tobytes())
    assert answer.json()["outputs"][0]["data"] == [13.0, 27.0]

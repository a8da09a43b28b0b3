from __future__ import annotations

import io
import json
import os
import pickle
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from modelpack.data.codecs import CODECS, encode
from modelpack.pyfunc.model import PyFuncModel
from modelpack.schema.mlmodel import MLmodel
from modelpack.schema.signature import Column, ColumnSchema, DataType, ModelSignature, Tensor, TensorSchema
from modelpack.serving.app import create_app
from modelpack.serving.settings import ServerSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FRAME = pd.DataFrame({"x": [1.0, 2.0], "y": [0.5, 1.5]})
JSON, CSV, LINES = "application/json", "text/csv", "application/jsonl"
STREAM, PARQUET = "application/vnd.apache.arrow.stream", "application/vnd.apache.parquet"
DEEP = 100_000
LONG = 10_000_000
EVERY_TYPE = ModelSignature(
    inputs=ColumnSchema(tuple(Column(kind, kind.value, required=False) for kind in DataType if kind.value != "any"))
)
A_TENSOR = ModelSignature(inputs=TensorSchema((Tensor("float32", (-1, 2)),)))


class Count:
    """A model that never fails: how much it was given."""

    def predict(self, data: Any, params: Any = None) -> Any:  # noqa: ARG002 - the Predictor protocol
        """One number for each row, or for each array."""
        return np.arange(len(data))


@pytest.fixture
def count_rows() -> Iterator[Callable[..., TestClient]]:
    """Make a client of a model that never fails, with this signature."""
    with ExitStack() as stack:

        def make(signature: ModelSignature | None) -> TestClient:
            mlmodel = MLmodel(flavors={}, signature=signature, model_uuid="5" * 32)
            model = PyFuncModel(Count(), mlmodel=mlmodel, path=Path("no_files"), digest="sha256:0", native=None)
            app = create_app(model, settings=ServerSettings(access_log=False))
            return stack.enter_context(TestClient(app, raise_server_exceptions=False))

        yield make


def post(client: TestClient, body: bytes, content_type: str = JSON, **headers: str) -> Any:
    """Post an invocation."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post("/invocations", content=body, headers={"Content-Type": content_type, **sent})


@pytest.mark.parametrize(
    "body",
    [
        b"[" * DEEP,
        b"[" * DEEP + b"]" * DEEP,
        b'{"a":' * DEEP,
        b"[NaN," + b"[" * DEEP + b"]" * DEEP + b"]",
        b'{"instances":' + b"[" * 1000 + b"]" * 1000 + b"}",
        b'{"instances":[' + b'{"x":' * 500 + b"1" + b"}" * 500 + b"]}",
        b'{"instances":[[0.' + b"9" * LONG,
        b'{"instances":[[' + b"9" * LONG + b",1]]}",
        b'{"instances":[[' + b"9" * LONG + b",NaN]]}",
        b'{"instances":[[1e400,1]]}',
        b'{"instances":[[-1e999999999999,NaN]]}',
        b'[{"x":"\\ud800","y":1}]',
        b'[{"\\ud800":NaN,"y":1}]',
        b'[{"x":"\xed\xa0\x80","y":1}]',
        b'\xef\xbb\xbf\xef\xbb\xbf[{"x":1,"y":2}]',
        b'[{"x":1,"y":2}] []',
        b'[{"x":1,"y":2}]\0',
        b"",
        b" ",
        b"null",
        b"NaN",
        b'{"instances": null}',
        b'{"columns":["x","x"],"data":[[1,2]]}',
        b'{"columns":["x","y"],"index":[1,2,3],"data":[[1,2]]}',
        b'{"columns":[{},[]],"data":[[1,2]]}',
    ],
    ids=lambda body: f"{body[:24]!r} of {len(body)}",
)
def test_hostile_json_is_the_clients_mistake(client: TestClient, body: bytes) -> None:
    """Nested too deeply, cut off, half a character, two documents: none is a failure of the server."""
    assert post(client, body).status_code in {400, 422}


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b'{"instances":[[' + b"0." + b"0" * LONG + b"1,1]]}", "1.0"),
        (b'{"instances":[[1e-400,1]]}', "1.0"),
        (b'{"instances":[[-0.0,-0.0]]}', "-0.0"),
        (b'{"instances":[[0.1,' + b"0." + b"1" * LONG + b"]]}", "0.3111111111111111"),
        (b'{"instances":[[18446744073709551616,0]]}', "3.6893488147419103e+19"),
        (b'{"instances":[[5,5]],"instances":[[1,2]]}', "4.0"),
        (b'[{"x":9.0,"x":1.0,"y":2.0}]', "4.0"),
        (b'\xef\xbb\xbf[{"x":1,"y":2}]', "4.0"),
        (b'[{"x":NaN,"y":1}]', "null"),
        (b'[{"x":Infinity,"y":1}]', "null"),
    ],
    ids=lambda value: f"{value[:30]!r}",
)
def test_odd_numbers_and_keys_are_read_as_json_readers_do(client: TestClient, body: bytes, text: str) -> None:
    """The nearest double, the last of a key's values, the sign of zero."""
    (prediction,) = json.loads(post(client, body).text)["predictions"]
    assert repr(prediction) == repr(json.loads(text))


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        (CSV, b",".join(b"c%d" % number for number in range(100_000)) + b",c0\n", 400),
        (CSV, b"x,y\n1,\xff\n", 400),
        (CSV, b'"' + b"x" * 200_000 + b'",y\n1,2\n', 400),
        (CSV, b'x,y\n"1,2\n', 400),
        (f"{CSV}; charset=utf-16", b"abc", 400),
        (LINES, b"[" * DEEP, 400),
        (LINES, b'{"x":1,"y":' + b"[" * 900 + b"]" * 900 + b"}", 422),
        (STREAM, encode(FRAME, STREAM)[:-40], 400),
        (STREAM, b"\xff\xff\xff\xff\xff\xff\xff\x7f", 400),
        (STREAM, b"ARROW1\0\0" + b"\xff" * 100, 400),
        (PARQUET, encode(FRAME, PARQUET)[:-20], 400),
        (PARQUET, b"PAR1\xff\xff\xff\x7fPAR1", 400),
    ],
    ids=lambda value: f"{value[:20]!r}" if isinstance(value, bytes) else None,
)
def test_hostile_tables_have_an_answer(client: TestClient, content_type: str, body: bytes, status: int) -> None:
    """Long numbers, many columns, damaged bytes."""
    assert post(client, body, content_type).status_code == status


@pytest.mark.parametrize("number", [b"9" * 1_000_000, b"1e999"], ids=["digits", "exponent"])
def test_a_number_past_all_doubles_in_csv_is_infinite_or_refused(client: TestClient, number: bytes) -> None:
    """As the release of pandas has it; older ones take it for text."""
    assert post(client, b"x,y\n" + number + b",1\n", CSV).status_code in {200, 422}


@pytest.mark.parametrize(
    "value", [2**63 - 1, -(2**63), 2**53, "NaT", "99999-01-01", "now", "2020-01-01T00:00:00+99:99"]
)
def test_dates_out_of_range_are_a_422(count_rows: Callable[..., TestClient], value: Any) -> None:
    """Milliseconds past 64 bits of nanoseconds were a failure of the server."""
    body = pd.Series({"datetime": value}).to_json()
    assert post(count_rows(EVERY_TYPE), f"[{body}]".encode()).status_code in {200, 422}


class Bomb:
    """Leaves a mark when it is unpickled."""

    def __reduce__(self) -> Any:
        return eval, ("__import__('os').environ.__setitem__('BOMB', 'went off')",)


PICKLE = pickle.dumps(Bomb(), protocol=0)
"""In ASCII, so that it can stand where a text has to."""
PICKLE_TYPES = ["pickle", "x-pickle", "python-pickle", "x-python-pickle", "octet-stream", "x-npy", "x-npz", "x-joblib"]


def test_the_bomb_works() -> None:
    """Else the tests that follow would show nothing."""
    pickle.loads(PICKLE)
    assert os.environ.pop("BOMB") == "went off"


@pytest.mark.parametrize("name", [*PICKLE_TYPES, "vnd.python.pickle", "vnd.dask.pickle", "x-hdf5", "x-numpy-data"])
def test_a_pickle_by_its_own_name_is_a_415(client: TestClient, name: str) -> None:
    """No media type stands for it."""
    assert post(client, PICKLE, f"application/{name}").status_code == 415


@pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.name)
def test_a_pickle_by_another_name_is_never_read(count_rows: Callable[..., TestClient], codec: Any) -> None:
    """With a signature or without, as itself or in NumPy's file of objects."""
    array = io.BytesIO()
    np.save(array, np.array([Bomb()], dtype=object), allow_pickle=True)
    for signature in (None, EVERY_TYPE, A_TENSOR):
        for body in (PICKLE, array.getvalue()):
            assert post(count_rows(signature), body, codec.media_types[0]).status_code in {400, 422}
    assert "BOMB" not in os.environ


@pytest.mark.filterwarnings(
    "ignore:pickle-based deserialization", "ignore:pyarrow.PyExtensionType"
)  # it refuses loudly
@pytest.mark.parametrize("media_type", [STREAM, "application/vnd.apache.arrow.file", PARQUET])
def test_pickles_inside_a_table_stay_bytes(count_rows: Callable[..., TestClient], media_type: str) -> None:
    """In a cell, in pandas' metadata, and as the extension type by which old releases of pyarrow ran code."""
    extension = {"ARROW:extension:name": "arrow.py_extension_type", "ARROW:extension:metadata": PICKLE}
    field = pa.field("binary", pa.binary(), metadata=extension)
    table = pa.table([pa.array([PICKLE])], schema=pa.schema([field], metadata={"pandas": PICKLE, "PANDAS": PICKLE}))
    sink = io.BytesIO()
    if media_type == PARQUET:
        pa.parquet.write_table(table, sink)
    else:
        opened = pa.ipc.new_stream if media_type == STREAM else pa.ipc.new_file
        with opened(sink, table.schema) as writer:
            writer.write_table(table)
    for signature in (None, EVERY_TYPE):
        response = post(count_rows(signature), sink.getvalue(), media_type, Accept=JSON)
        assert response.json() == {"predictions": [0]}
    assert "BOMB" not in os.environ


SEEDS = [
    (JSON, FRAME.to_json(orient="split").encode()),
    (JSON, b'{"instances": [[1, 2], [3, null]], "params": {"scale": 2}}'),
    (JSON, b'{"inputs": {"x": [1, 2], "y": [NaN, "a"]}}'),
    (JSON, b'[{"datetime": "2020-01-01", "long": 1, "binary": "AAAA", "boolean": true}]'),
    (CSV, FRAME.to_csv().encode()),
    (CSV, b"datetime,long,binary,boolean,string\n2020-01-01,1,AAAA,true,text\n"),
    (LINES, FRAME.to_json(orient="records", lines=True).encode()),
    *((name, encode(FRAME, name)) for name in (STREAM, "application/vnd.apache.arrow.file", PARQUET)),
]
TYPES = st.sampled_from([name for codec in CODECS for name in codec.media_types]) | st.text(
    alphabet="aj/;= \"'\\,-+*.", max_size=20
)
PARAMETERS = st.sampled_from(
    ["", "; charset=utf-16", "; charset=latin1", "; header=absent", "; format=pandas-records", "; format=pandas-split"]
)
ENCODINGS = st.sampled_from(["", "identity", "gzip", "deflate", "zstd", "br", "gzip, zstd"])
ACCEPTS = TYPES | st.sampled_from(["*/*", "text/csv;q=0.1", "*/*;q=0"])


@st.composite
def damaged(draw: st.DrawFn) -> tuple[str, bytes]:
    """A request that was right once."""
    content_type, whole = draw(st.sampled_from(SEEDS))
    body = bytearray(whole)
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(body)))
        body[start : start + draw(st.integers(0, 8))] = draw(st.binary(max_size=8))
    return content_type, bytes(body)


@pytest.mark.parametrize("signature", [None, EVERY_TYPE, A_TENSOR], ids=["none", "columns", "tensor"])
def test_no_bytes_are_a_failure_of_the_server(
    count_rows: Callable[..., TestClient], signature: ModelSignature | None
) -> None:
    """Whatever comes, under whatever name: 200 or the client's mistake."""
    client = count_rows(signature)

    @settings(max_examples=300)
    @given(damaged() | st.tuples(TYPES, st.binary(max_size=200)), PARAMETERS, ACCEPTS, ENCODINGS)
    def check(request: tuple[str, bytes], parameters: str, accept: str, encoding: str) -> None:
        content_type, body = request
        headers = {"Accept": accept, "Content_Encoding": encoding}
        response = post(client, body, content_type + parameters, **headers)
        assert response.status_code in {200, 400, 406, 413, 415, 422}, response.text

    check()


@pytest.mark.parametrize("media_type", [STREAM, PARQUET])
def test_a_small_table_that_is_large_once_read_is_a_413(
    make_client: Callable[..., TestClient], media_type: str
) -> None:
    """The limit of a body holds for what compressed columns become, too."""
    table = pa.table({"x": np.zeros(1_000_000), "y": np.zeros(1_000_000)})
    sink = io.BytesIO()
    if media_type == PARQUET:
        pa.parquet.write_table(table, sink)
    else:
        with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
            writer.write_table(table)
    assert len(sink.getvalue()) < 100_000
    response = post(make_client(max_body=1_000_000), sink.getvalue(), media_type)
    assert (response.status_code, response.json()["error_code"]) == (413, "REQUEST_TOO_LARGE")

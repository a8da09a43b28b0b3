"""What real clients send, replayed byte for byte over a socket; `tests/clients/recorded/record.py` wrote it down."""

from __future__ import annotations

import io
import math
import socket
import threading
from contextlib import contextmanager
from datetime import datetime
from http.client import HTTPResponse
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import uvicorn

from modelpack.pyfunc.model import PyFuncModel
from modelpack.schema.mlmodel import MLmodel
from modelpack.schema.signature import Column, ColumnSchema, DataType, ModelSignature, Param
from modelpack.serving.app import create_app

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from starlette.testclient import TestClient

SENT = Path(__file__).parents[3] / "tests" / "clients" / "recorded" / "sent"
RECORDINGS = {path.stem: path.read_bytes() for path in sorted(SENT.glob("*.http"))}
NUMBERS = ModelSignature(
    inputs=ColumnSchema((Column(DataType.DOUBLE, "x"), Column(DataType.DOUBLE, "y"))),
    outputs=ColumnSchema((Column(DataType.DOUBLE, "z"),)),
    params=(Param("scale", DataType.DOUBLE, 1.0),),
)
COLUMNS = ModelSignature(
    inputs=ColumnSchema(
        (
            Column(DataType.LONG, "count"),
            Column(DataType.DOUBLE, "size"),
            Column(DataType.STRING, "name"),
            Column(DataType.BOOLEAN, "good"),
            Column(DataType.DATETIME, "seen"),
        )
    )
)


class Sum:
    """Two times x plus y, times the param `scale`."""

    def predict(self, data: Any, params: Mapping[str, Any] | None = None) -> Any:
        """Score a frame."""
        return (2 * data["x"] + data["y"]).to_numpy() * (params or {}).get("scale", 1.0)


class Rows:
    """Answers the rows that it was given, so that what it was given can be seen."""

    def predict(self, data: Any, params: Mapping[str, Any] | None = None) -> Any:  # noqa: ARG002 - the Predictor protocol
        """The kinds of the columns beside each row."""
        kinds = "".join(dtype.kind for dtype in data.dtypes)
        rows = data.assign(seen=data["seen"].astype("datetime64[ms]").astype("int64")).itertuples(index=False)
        return [[kinds, *("NaN" if value != value else value for value in row)] for row in rows]  # noqa: PLR0124 - NaN alone differs from itself


@contextmanager
def serving(predictor: Any, signature: ModelSignature) -> Iterator[tuple[str, int]]:
    """A model behind a real server, and where it listens."""
    mlmodel = MLmodel(flavors={}, signature=signature, model_uuid="5" * 32)
    model = PyFuncModel(predictor, mlmodel=mlmodel, path=Path("no_files"), digest="sha256:0", native=None)
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(create_app(model), log_level="warning", access_log=False))
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    try:
        yield listener.getsockname()
    finally:
        server.should_exit = True
        thread.join(30)
        listener.close()


@pytest.fixture(scope="module")
def numbers_server() -> Iterator[tuple[str, int]]:
    """A model of two numbers."""
    with serving(Sum(), NUMBERS) as address:
        yield address


@pytest.fixture(scope="module")
def columns_server() -> Iterator[tuple[str, int]]:
    """A model of columns of five types."""
    with serving(Rows(), COLUMNS) as address:
        yield address


def replay(address: tuple[str, int], request: bytes) -> Any:
    """Send a recorded request; its JSON answer."""
    with socket.create_connection(address, timeout=30) as connection:
        connection.sendall(request)
        response = HTTPResponse(connection)
        response.begin()
        body = response.read()
    assert response.status == 200, body
    assert response.headers["Content-Type"] == "application/json"
    return orjson.loads(body)


def recordings(prefix: str) -> pytest.MarkDecorator:
    """The recordings of one table."""
    chosen = {name: data for name, data in RECORDINGS.items() if name.startswith(prefix)}
    assert len(chosen) > 15
    return pytest.mark.parametrize("request_", chosen.values(), ids=chosen.keys())


@recordings("numbers-")
def test_what_clients_send_is_answered(numbers_server: tuple[str, int], request_: bytes) -> None:
    """requests, httpx, curl, MLflow's clients over HTTP, standard input and SageMaker, and what documents show."""
    assert replay(numbers_server, request_) == {"predictions": [2.5, 5.5]}


@recordings("columns-")
def test_what_libraries_write_is_read_as_it_was(columns_server: tuple[str, int], request_: bytes) -> None:
    """From pandas 2 and 3, pyarrow, Polars and MLflow: every value and type comes through."""
    if b"vnd.apache.arrow" in request_:  # is answered in Arrow unless something else is asked for
        request_ = request_.replace(b"\r\n", b"\r\nAccept: application/json\r\n", 1)
    seen = [int((each - datetime(1970, 1, 1)).total_seconds() * 1000) for each in DATES]  # noqa: DTZ001 - without a zone
    rows = replay(columns_server, request_)["predictions"]
    assert [row[0] for row in rows] == ["ifObM"] * 3
    assert [row[1:] for row in rows] == [
        [1, 0.1, "Zoë", True, seen[0]],
        [2, "NaN", "007", False, seen[1]],
        [-3, 1e300, "NA", True, seen[2]],
    ]


DATES = [datetime(2024, 2, 29, 12, 30), datetime(1969, 12, 31), datetime(2000, 1, 1, 0, 0, 0, 123000)]  # noqa: DTZ001 - without a zone
READERS: dict[str, Callable[[bytes], list[Any]]] = {
    "application/json": lambda body: orjson.loads(body)["predictions"],
    "application/json; format=pandas-records": orjson.loads,
    "text/csv": lambda body: pd.read_csv(io.BytesIO(body))["z"].tolist(),
    "application/jsonl": lambda body: [orjson.loads(line) for line in body.splitlines()],
    "application/x-ndjson": lambda body: [orjson.loads(line) for line in body.splitlines()],
    "application/vnd.apache.arrow.stream": lambda body: pa.ipc.open_stream(body).read_all()["z"].to_pylist(),
    "application/vnd.apache.arrow.file": lambda body: pa.ipc.open_file(body).read_all()["z"].to_pylist(),
    "application/vnd.apache.parquet": lambda body: pq.read_table(io.BytesIO(body))["z"].to_pylist(),
}


@pytest.mark.parametrize("accept", READERS)
def test_an_answer_is_read_back_by_the_library_of_its_format(client: TestClient, accept: str) -> None:
    """The numbers come back as the model answered them."""
    body = '{"instances": [[0.1, 0.2], [1e300, 0], [1, 1]]}'
    headers = {"Content-Type": "application/json", "Accept": f"text/html, {accept}, */*;q=0.01"}
    response = client.post("/invocations", content=body, headers=headers)
    assert response.headers["content-type"].partition(";")[0] == accept.partition(";")[0]
    assert READERS[accept](response.content) == [0.2 + 0.2, 2e300, 3.0]
    assert all(math.isfinite(value) for value in READERS[accept](response.content))


def test_several_accept_lines_are_one(client: TestClient) -> None:
    """The last does not hide the others."""
    headers = [("Content-Type", "text/csv"), ("Accept", "text/csv"), ("Accept", "text/html;q=0.5")]
    response = client.post("/invocations", content="x,y\n1,2\n", headers=headers)
    assert response.text == "z\n4.0\n"


@pytest.mark.parametrize(
    "content_type", [None, "application/x-www-form-urlencoded", "text/plain", "multipart/form-data"]
)
def test_what_a_browser_sends_across_sites_unasked_is_refused(client: TestClient, content_type: str | None) -> None:
    """Only types that a page of another site must ask permission for are read: 415, with what to send."""
    headers = {} if content_type is None else {"Content-Type": content_type}
    response = client.post("/invocations", content=b'{"instances": [[1, 2]]}', headers=headers)
    assert response.status_code == 415
    assert "application/json" in response.json()["hint"]

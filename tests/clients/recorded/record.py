"""Records what real clients send to a scoring server, byte for byte, into `sent/`.

Run it with the interpreters that have the clients: `python record.py` records those that can be imported, each into
files that carry its version. The tests replay the files.
"""

from __future__ import annotations

import importlib.util
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable
from datetime import datetime
from http.client import HTTPConnection
from importlib.metadata import version
from pathlib import Path
from typing import Any, Self

FOLDER = Path(__file__).parent / "sent"
ANSWER = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 18\r\n\r\n{"predictions":[]}'
COLUMNS: dict[str, list[Any]] = {
    "count": [1, 2, -3],
    "size": [0.1, None, 1e300],
    "name": ["Zoë", "007", "NA"],
    "good": [True, False, True],
    "seen": [datetime(2024, 2, 29, 12, 30), datetime(1969, 12, 31), datetime(2000, 1, 1, 0, 0, 0, 123000)],  # noqa: DTZ001 - columns without a zone
}
NUMBERS: dict[str, list[Any]] = {"x": [1.0, 2.0], "y": [0.5, 1.5]}
JSON, RECORDS = "application/json", "application/json; format=pandas-records"
SPLIT = "application/json; format=pandas-split"
CSV, LINES, PARQUET = "text/csv", "application/jsonl", "application/vnd.apache.parquet"
STREAM, FILE = "application/vnd.apache.arrow.stream", "application/vnd.apache.arrow.file"

Bodies = dict[str, tuple[str, bytes]]


class Recorder:
    """A server that writes down the one request it gets."""

    def __init__(self, name: str) -> None:
        """Record into the file of this name."""
        self._path = FOLDER / f"{name}.http"
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._take)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join(20)
        self._listener.close()

    def _take(self) -> None:
        connection, _ = self._listener.accept()
        connection.settimeout(10)
        data = b""
        with connection:
            while not _complete(data):
                data += connection.recv(65_536)
            connection.sendall(ANSWER)
        self._path.write_bytes(data)


def _complete(data: bytes) -> bool:
    head, separator, body = data.partition(b"\r\n\r\n")
    if not separator:
        return False
    headers = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
    if headers.get(b"transfer-encoding") == b"chunked":
        return body.endswith(b"0\r\n\r\n")
    return len(body) >= int(headers.get(b"content-length", b"0"))


def post(name: str, content_type: str, body: bytes, **headers: str) -> None:
    """Record a body that a library wrote, sent by the standard library's client."""
    with Recorder(name) as recorder:
        connection = HTTPConnection("127.0.0.1", recorder.port)
        connection.request("POST", "/invocations", body, {"Content-Type": content_type, **headers})
        connection.getresponse().read()
        connection.close()


def pandas_bodies() -> Bodies:
    """What pandas writes."""
    import pandas as pd

    frame = pd.DataFrame(COLUMNS)
    bodies = {
        "split": (JSON, frame.to_json(orient="split")),
        "split-named": (SPLIT, frame.to_json(orient="split", date_format="iso")),
        "records": (RECORDS, frame.to_json(orient="records")),
        "records-lines": (LINES, frame.to_json(orient="records", lines=True)),
        "csv-index": (CSV, frame.to_csv()),
        "csv": (CSV, frame.to_csv(index=False)),
        "csv-latin1": (f"{CSV}; charset=ISO-8859-1", frame.to_csv(index=False)),
        "csv-crlf": (f"{CSV};charset=UTF-8", frame.to_csv(index=False, lineterminator="\r\n")),
    }
    encoded = {
        key: (kind, text.encode("latin-1" if "latin1" in key else "utf-8")) for key, (kind, text) in bodies.items()
    }
    return {**encoded, "parquet": (PARQUET, frame.to_parquet())}


def pyarrow_bodies() -> Bodies:
    """What pyarrow writes."""
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet

    table = pa.table(COLUMNS)
    stream, file, parquet, text = (pa.BufferOutputStream() for _ in range(4))
    with pa.ipc.new_stream(stream, table.schema) as writer:
        writer.write_table(table, max_chunksize=2)
    with pa.ipc.new_file(file, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(table)
    pyarrow.parquet.write_table(table, parquet, compression="zstd", row_group_size=2)
    pyarrow.csv.write_csv(table, text)
    kinds = {"stream": (STREAM, stream), "file": (FILE, file), "parquet": (PARQUET, parquet), "csv": (CSV, text)}
    return {key: (kind, sink.getvalue().to_pybytes()) for key, (kind, sink) in kinds.items()}


def polars_bodies() -> Bodies:
    """What Polars writes."""
    import io

    import polars as pl

    frame = pl.DataFrame(COLUMNS)
    writers: dict[str, tuple[str, Callable[[io.BytesIO], object]]] = {
        "stream": (STREAM, frame.write_ipc_stream),
        "file": (FILE, frame.write_ipc),
        "parquet": (PARQUET, frame.write_parquet),
        "csv": (CSV, frame.write_csv),
        "json": (RECORDS, frame.write_json),
        "ndjson": ("application/x-ndjson", frame.write_ndjson),
    }
    bodies = {}
    for key, (kind, write) in writers.items():
        sink = io.BytesIO()
        write(sink)
        bodies[key] = (kind, sink.getvalue())
    return bodies


def record_requests() -> None:
    """What requests sends, plain, as a stream and compressed."""
    import gzip

    import requests

    name = f"numbers-requests-{version('requests')}"
    wrapped: Any = {"dataframe_split": {"columns": list(NUMBERS), "data": _rows()}}
    with Recorder(f"{name}-json") as recorder:
        requests.post(_url(recorder), json=wrapped, timeout=10)
    with Recorder(f"{name}-stream") as recorder:
        parts = (part.encode() for part in _csv().splitlines(keepends=True))
        requests.post(_url(recorder), data=parts, headers={"Content-Type": CSV}, timeout=10)
    with Recorder(f"{name}-gzip") as recorder:
        headers = {
            "Content-Type": f"{CSV}; charset=utf-8",
            "Content-Encoding": "gzip",
            "Accept": "application/*, */*;q=0.1",
        }
        requests.post(_url(recorder), data=gzip.compress(_csv().encode(), mtime=0), headers=headers, timeout=10)


def record_httpx() -> None:
    """What httpx sends."""
    import httpx

    with Recorder(f"numbers-httpx-{version('httpx')}-json") as recorder:
        httpx.post(_url(recorder), json={"inputs": NUMBERS})


def record_curl() -> None:
    """What curl sends with `--json`, `-d` and `--data-binary`, and with `-T`, which waits for `100 Continue`."""
    curl = shutil.which("curl") or "curl"
    name = "numbers-curl-" + subprocess.run([curl, "-V"], capture_output=True, text=True, check=True).stdout.split()[1]
    instances = str({"instances": _rows()}).replace("'", '"')
    commands = {
        "json": ["--json", instances],
        "data": ["-H", "Content-Type: application/json", "-d", instances],
        "csv": ["-H", "content-type: text/csv", "--data-binary", "@-"],
        "chunked": ["-X", "POST", "-H", "Content-Type: text/csv", "-T", "-"],
    }
    for key, arguments in commands.items():
        with Recorder(f"{name}-{key}") as recorder:
            command = [curl, "-s", "--max-time", "10", "--expect100-timeout", "1", *arguments, _url(recorder)]
            subprocess.run(command, input=_csv().encode(), check=True, capture_output=True)


def record_mlflow() -> None:
    """What MLflow's clients send: over HTTP, as its Spark UDF does, over standard input, and to SageMaker."""
    import numpy as np
    import pandas as pd
    from mlflow.pyfunc.scoring_server.client import ScoringServerClient
    from mlflow.utils.proto_json_utils import dump_input_data

    release = f"mlflow-{version('mlflow')}"
    numbers = pd.DataFrame(NUMBERS)
    calls: dict[str, tuple[Any, dict[str, Any] | None]] = {
        f"columns-{release}-frame": (pd.DataFrame(COLUMNS), None),
        f"numbers-{release}-frame": (numbers, None),
        f"numbers-{release}-params": (numbers, {"scale": 1.0}),
        f"numbers-{release}-array": (numbers.to_numpy(), None),
        f"numbers-{release}-list": (_rows(), None),
    }
    for name, (data, params) in calls.items():
        with Recorder(name) as recorder:
            ScoringServerClient("127.0.0.1", recorder.port).invoke(data, params=params)
    post(f"numbers-{release}-stdin", JSON, _from_stdin(numbers).encode())
    sagemaker = dump_input_data(np.array(_rows()), inputs_key="instances", params={"scale": 1})
    post(f"numbers-{release}-sagemaker", JSON, sagemaker.encode())


def _from_stdin(data: Any) -> str:
    """What the client over standard input writes to the process."""
    import json

    from mlflow.pyfunc.scoring_server.client import StdinScoringServerClient

    class Process:
        """A process that answers at once."""

        def __init__(self) -> None:
            self.stdin = self
            self.data = ""

        def write(self, line: str) -> None:
            request = json.loads(line)
            self.data = request["data"]
            Path(request["output_file"]).write_text(json.dumps({"id": request["id"], "predictions": []}))

        def flush(self) -> None:
            pass

    process = Process()
    StdinScoringServerClient(process).invoke(data)
    return process.data


def record_documented() -> None:
    """What the documents of services have their clients send; no program is at hand that does."""
    rows = "\n".join(",".join(map(str, row)) for row in _rows()).encode()
    instances = str({"instances": _rows()}).replace("'", '"').encode()
    post("numbers-documented-sagemaker-csv", "text/csv; header=absent; label_size=0", rows, Accept="application/json")
    post("numbers-documented-sagemaker-lines", "application/jsonlines", b'{"x":1,"y":0.5}\n{"x":2,"y":1.5}\n')
    post("numbers-documented-kserve-v1", "application/json", instances)
    post(
        "numbers-documented-mlflow-2",
        "application/json; charset=UTF-8",
        b'{"dataframe_records":[{"x":1,"y":0.5},{"x":2,"y":1.5}]}',
    )
    post(
        "numbers-documented-mlflow-1",
        "application/json; format=pandas-split",
        b'{"columns":["x","y"],"data":[[1,0.5],[2,1.5]]}',
    )


def _url(recorder: Recorder) -> str:
    return f"http://127.0.0.1:{recorder.port}/invocations"


def _rows() -> list[list[float]]:
    return [list(row) for row in zip(*NUMBERS.values(), strict=True)]


def _csv() -> str:
    return "x,y\n" + "".join(f"{x},{y}\n" for x, y in _rows())


def main() -> None:
    """Record every client that can be imported."""
    FOLDER.mkdir(exist_ok=True)
    for library, bodies in {"pandas": pandas_bodies, "pyarrow": pyarrow_bodies, "polars": polars_bodies}.items():
        if importlib.util.find_spec(library):
            for key, (content_type, body) in bodies().items():
                post(f"columns-{library}-{version(library)}-{key}", content_type, body)
    clients = {"requests": record_requests, "httpx": record_httpx, "mlflow": record_mlflow}
    for library, record in clients.items():
        if importlib.util.find_spec(library):
            record()
    if shutil.which("curl"):
        record_curl()
    record_documented()


if __name__ == "__main__":
    main()

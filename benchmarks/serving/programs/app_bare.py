"""What a careful person writes by hand: Starlette, orjson and uvicorn with uvloop and httptools, predicting in place.

`app_bare.py numpy|pandas|echo MODEL PORT`. It trusts its clients: no signature, no limits, no metrics, no
time-outs. The echo reads the body and answers a constant: the floor under everything that speaks HTTP in Python.
"""

from __future__ import annotations

import pickle
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

ARROW = "application/vnd.apache.arrow.stream"
CONSTANT = b'{"predictions":[0]}'


def main() -> None:
    """Serve until stopped."""
    kind, folder, port = sys.argv[1:]
    predict = KINDS[kind](Path(folder))

    async def invocations(request: Request) -> Response:
        body = await request.body()
        media_type = request.headers["content-type"]
        return Response(predict(body, media_type), media_type=media_type)

    async def ping(_: Request) -> Response:
        return Response(b"\n")

    app = Starlette(routes=[Route("/invocations", invocations, methods=["POST"]), Route("/ping", ping)])
    uvicorn.run(app, port=int(port), loop="uvloop", http="httptools", access_log=False, log_level="warning")


def numpy(folder: Path) -> Callable[[bytes, str], bytes]:
    """Straight to an array."""
    import numpy as np

    model = pickle.loads((folder / "array.pkl").read_bytes())  # noqa: S301 - written by the benchmark

    def predict(body: bytes, media_type: str) -> bytes:
        if media_type == ARROW:
            return _to_arrow(model.predict(np.column_stack([column.to_numpy() for column in _table(body).columns])))
        data = np.asarray(orjson.loads(body)["dataframe_split"]["data"], dtype=np.float64)
        return orjson.dumps({"predictions": model.predict(data)}, option=orjson.OPT_SERIALIZE_NUMPY)

    return predict


def pandas(folder: Path) -> Callable[[bytes, str], bytes]:
    """By way of a frame, which keeps the names."""
    import pandas as pd

    model = pickle.loads((folder / "frame.pkl").read_bytes())  # noqa: S301 - written by the benchmark

    def predict(body: bytes, media_type: str) -> bytes:
        if media_type == ARROW:
            return _to_arrow(model.predict(_table(body).to_pandas()))
        split = orjson.loads(body)["dataframe_split"]
        frame = pd.DataFrame(split["data"], columns=split["columns"])
        return orjson.dumps({"predictions": model.predict(frame)}, option=orjson.OPT_SERIALIZE_NUMPY)

    return predict


def echo(_: Path) -> Callable[[bytes, str], bytes]:
    """No model at all."""
    return lambda _body, _media_type: CONSTANT


def _table(body: bytes) -> Any:
    import pyarrow as pa

    return pa.ipc.open_stream(body).read_all()


def _to_arrow(predictions: Any) -> bytes:
    import pyarrow as pa

    table = pa.table({"predictions": predictions})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    answer: bytes = sink.getvalue().to_pybytes()
    return answer


KINDS = {"numpy": numpy, "pandas": pandas, "echo": echo}

if __name__ == "__main__":
    main()

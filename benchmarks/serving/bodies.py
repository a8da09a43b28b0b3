"""Requests in the form that each server takes, and the predictions in its answers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from servers import Form

JSON = "application/json"
ARROW = "application/vnd.apache.arrow.stream"


def body(frame: Any, form: Form, *, arrow: bool = False) -> tuple[bytes, str]:
    """The request that has the rows of a frame, and its media type."""
    if arrow:
        return _arrow(frame), ARROW
    return json.dumps(_FORMS[form](frame), separators=(",", ":")).encode(), JSON


def predictions(answer: bytes, media_type: str) -> list[Any]:
    """The predictions in an answer, whatever server it comes from."""
    if media_type.startswith(ARROW):
        import pyarrow as pa

        columns: list[Any] = pa.ipc.open_stream(answer).read_all().column(0).to_pylist()
        return columns
    content = json.loads(answer)
    if isinstance(content, dict):
        content = content["outputs"][0]["data"] if "outputs" in content else content["predictions"]
    found: list[Any] = content
    return found


def _split(frame: Any) -> dict[str, Any]:
    return {"dataframe_split": {"columns": list(frame.columns), "data": frame.to_numpy().tolist()}}


def _array(frame: Any) -> dict[str, Any]:
    return {"data": frame.to_numpy().tolist()}


def _tensor(frame: Any) -> dict[str, Any]:
    data = frame.to_numpy().ravel().tolist()
    return {"inputs": [{"name": "predict", "shape": list(frame.shape), "datatype": "FP64", "data": data}]}


def _arrow(frame: Any) -> bytes:
    import pyarrow as pa

    table = pa.Table.from_pandas(frame, preserve_index=False)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    stream: bytes = sink.getvalue().to_pybytes()
    return stream


_FORMS: dict[Form, Callable[[Any], dict[str, Any]]] = {"split": _split, "array": _array, "tensor": _tensor}

"""Rows as requests to the scoring server, in each form that carries them, and its answers as data again."""

from __future__ import annotations

import json
from importlib.util import find_spec
from typing import Any

from modelpack.testing.asgi import Request
from modelpack.testing.layouts import is_frame

INVOCATIONS = "/invocations"
INFER = "/v2/models/model/infer"
ARROW = "application/vnd.apache.arrow.stream"


def rows_requests(inputs: Any) -> dict[str, Request]:
    """The rows as requests to `/invocations`, by the name of the form."""
    if not is_frame(inputs):
        values = _lists(inputs)
        return {"inputs": Request(path=INVOCATIONS, body=json.dumps({"inputs": values}).encode())}
    requests = {}
    for orient in ("split", "records"):
        body = f'{{"dataframe_{orient}": {inputs.to_json(orient=orient)}}}'.encode()
        requests[f"dataframe_{orient}"] = Request(path=INVOCATIONS, body=body)
    if not _holds_null_text(inputs):
        csv = inputs.to_csv(index=False).encode()
        requests["CSV"] = Request(path=INVOCATIONS, body=csv, content_type="text/csv")
    if find_spec("pyarrow") is not None:
        headers = {"accept": "application/json"}
        requests["Arrow"] = Request(path=INVOCATIONS, body=_arrow(inputs), content_type=ARROW, headers=headers)
    return requests


def infer_requests(inputs: Any, described: list[dict[str, Any]]) -> dict[str, Request]:
    """The rows as the tensors that the metadata describes, in JSON and, where they can be, in binary form."""
    values = [_tensor_values(inputs, place, each) for place, each in enumerate(described)]
    tensors = [_tensor(each, array) for each, array in zip(described, values, strict=True)]
    in_json = [{**tensor, "data": _json(array)} for tensor, array in zip(tensors, values, strict=True)]
    requests = {"tensors in JSON": Request(path=INFER, body=json.dumps({"inputs": in_json}).encode())}
    if all(tensor["datatype"] != "BYTES" for tensor in tensors):
        requests["binary tensors"] = _binary(tensors, values)
    return requests


def outputs_of(tensors: list[dict[str, Any]], predicted: Any) -> Any:
    """The tensors of an answer in the form of `as_data(predicted)`."""
    import numpy as np

    arrays = {tensor["name"]: np.array(tensor["data"], dtype=_dtype(tensor)) for tensor in tensors}
    if _holds_containers(predicted):
        arrays = {name: _parsed(array) if array.dtype.kind == "O" else array for name, array in arrays.items()}
    if isinstance(predicted, dict):
        return arrays
    return next(iter(arrays.values())) if len(arrays) == 1 else np.column_stack(list(arrays.values()))


def as_data(value: Any) -> Any:
    """Predictions as nested lists in the order of rows and columns, as they stand in JSON."""
    import numpy as np

    if isinstance(value, dict):
        return {name: as_data(each) for name, each in value.items()}
    if hasattr(value, "to_numpy"):
        value = value.to_numpy()
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return np.array([list(row.values()) for row in value], dtype=object)  # numbers stay such beside texts
    return value


def _lists(inputs: Any) -> Any:
    return {name: value.tolist() for name, value in inputs.items()} if isinstance(inputs, dict) else inputs.tolist()


def _holds_null_text(frame: Any) -> bool:
    """Whether a cell of text is missing, which CSV does not tell from an empty text."""
    return any(column.isna().any() for _, column in frame.items() if column.dtype.kind not in "biuf")


def _arrow(frame: Any) -> bytes:
    import io

    import pyarrow as pa

    table = pa.Table.from_pandas(frame, preserve_index=False)
    stream = io.BytesIO()
    with pa.ipc.new_stream(stream, table.schema) as writer:
        writer.write_table(table)
    return stream.getvalue()


def _tensor_values(inputs: Any, place: int, described: dict[str, Any]) -> Any:
    if is_frame(inputs):
        return inputs.iloc[:, place].to_numpy()
    return inputs[described["name"]] if isinstance(inputs, dict) else inputs


def _tensor(described: dict[str, Any], array: Any) -> dict[str, Any]:
    return {"name": described["name"], "datatype": described["datatype"], "shape": list(array.shape)}


def _json(array: Any) -> list[Any]:
    """The values in a row; nulls for what is missing, and nested values and dates as texts."""
    import pandas as pd

    values = [None if pd.api.types.is_scalar(value) and pd.isna(value) else value for value in array.ravel().tolist()]
    if array.dtype.kind == "M":
        return [None if value is None else str(value) for value in array.ravel().astype(str).tolist()]
    return [json.dumps(value) if isinstance(value, dict | list) else value for value in values]


def _binary(tensors: list[dict[str, Any]], values: list[Any]) -> Request:
    from modelpack.serving.inference_protocol.binary import HEADER, bytes_from_array

    parts = [bytes_from_array(array, tensor["datatype"]) for tensor, array in zip(tensors, values, strict=True)]
    inputs = [
        {**tensor, "parameters": {"binary_data_size": len(part)}} for tensor, part in zip(tensors, parts, strict=True)
    ]
    document = json.dumps({"inputs": inputs}).encode()
    headers = {HEADER.lower(): str(len(document))}
    return Request(
        path=INFER, body=document + b"".join(parts), content_type="application/octet-stream", headers=headers
    )


def _holds_containers(predicted: Any) -> bool:
    """Whether lists or mappings stand in cells; the protocol has them as JSON texts."""
    import numpy as np

    parts = predicted.values() if isinstance(predicted, dict) else [predicted]
    return any(
        isinstance(cell, dict | list | np.ndarray) for part in parts for cell in np.asarray(part).ravel().tolist()
    )


def _parsed(texts: Any) -> Any:
    """Cells of JSON texts; other texts as they are."""
    import numpy as np

    cells = np.empty(len(texts), dtype=object)
    for place, text in enumerate(texts):
        cells[place] = json.loads(text) if isinstance(text, str) and text[:1] in {"[", "{"} else text
    return cells


def _dtype(tensor: dict[str, Any]) -> str | None:
    return "object" if tensor["datatype"] == "BYTES" else None

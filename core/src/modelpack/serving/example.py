"""A request to try a model with, made from its signature."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import orjson

from modelpack.schema.signature import AnyType, Array, ColumnSchema, DataType, Map, Object

if TYPE_CHECKING:
    from modelpack.pyfunc.model import PyFuncModel
    from modelpack.schema.signature import ColumnType, ModelSignature, Tensor

_VALUES: dict[DataType, Any] = {
    DataType.BOOLEAN: True,
    DataType.INTEGER: 1,
    DataType.LONG: 1,
    DataType.FLOAT: 1.5,
    DataType.DOUBLE: 1.5,
    DataType.STRING: "text",
    DataType.BINARY: "AAAA",
    DataType.DATETIME: "2024-01-31T12:00:00",
}


def curl_line(model: PyFuncModel, url: str) -> str:
    """A command that invokes the model, with its stored example or values made up from the signature."""
    stored = model.path / "serving_input_example.json"
    data = f"@{stored}" if stored.is_file() else orjson.dumps(example_body(model.signature)).decode()
    return f"curl {url}/invocations -H 'Content-Type: application/json' -d {shlex.quote(data)}"


def example_body(signature: ModelSignature | None) -> dict[str, Any]:
    """A wrapped body that fits the signature."""
    inputs = signature.inputs if signature is not None else None
    if isinstance(inputs, ColumnSchema):
        names = [str(position) if name is None else name for position, name in enumerate(inputs.names)]
        return {"dataframe_split": {"columns": names, "data": [[_value(column.type) for column in inputs.columns]]}}
    if inputs is None:
        return {"inputs": [[1.5]]}
    tensors = {tensor.name: _tensor(tensor) for tensor in inputs.tensors}
    return {"inputs": tensors.get(None, tensors)}


def _value(kind: ColumnType) -> Any:
    if isinstance(kind, Array):
        return [_value(kind.items)]
    if isinstance(kind, Object):
        return {each.name: _value(each.type) for each in kind.properties}
    if isinstance(kind, Map):
        return {"key": _value(kind.values)}
    if isinstance(kind, AnyType):
        return "text"
    return _VALUES[kind] if isinstance(kind, DataType) else [1.5]


def _tensor(tensor: Tensor) -> Any:
    value: Any = {"b": True, "i": 1, "u": 1, "f": 1.5}.get(tensor.dtype[0], "text")
    for extent in reversed(tensor.shape):
        value = [value] * max(extent, 1)
    return value

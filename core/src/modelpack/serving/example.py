"""A request to try a model with: its stored input example, or values made up from its signature."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

import orjson

from modelpack.data.codecs import decode
from modelpack.errors import ModelpackError
from modelpack.package.input_example import SERVING_FILE, InputExample, read_input_example
from modelpack.paths import confined_path
from modelpack.pyfunc.enforcement import Enforcer
from modelpack.schema.signature import AnyType, Array, ColumnSchema, DataType, Map, Object

if TYPE_CHECKING:
    from modelpack.pyfunc.model import PyFuncModel
    from modelpack.schema.signature import ColumnType, ModelSignature, Tensor

ROWS = 20
"""How many rows of a stored example are shown."""

MAX_BYTES = 256 * 1024
"""The longest body that is shown."""

_MAX_STORED_BYTES = 4 * 1024 * 1024
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


@dataclass(frozen=True, slots=True)
class Example:
    """A request that the model's signature takes.

    Attributes:
        body: A wrapped body; for a column signature in pandas' split form, with every column in the signature's order.
        stored: Whether it was saved with the model; otherwise it was made up.
    """

    body: dict[str, Any]
    stored: bool


def example_request(model: PyFuncModel) -> Example | None:
    """The stored example of a model where it has one that fits, else one made up; None where it would be too long."""
    stored = _stored(model)
    if stored is not None:
        return Example(stored, stored=True)
    inputs = model.signature.inputs if model.signature is not None else None
    if not isinstance(inputs, ColumnSchema) and inputs is not None and _count(inputs.tensors) > ROWS * 1000:
        return None
    return Example(example_body(model.signature), stored=False)


def curl_line(model: PyFuncModel, url: str) -> str:
    """A command that invokes the model, with its stored example or values made up from the signature."""
    stored = model.path / SERVING_FILE
    data = f"@{stored}" if stored.is_file() else orjson.dumps(example_body(model.signature)).decode()
    return f"curl {url}/invocations -H 'Content-Type: application/json' -d {shlex.quote(data)}"


def example_body(signature: ModelSignature | None) -> dict[str, Any]:
    """A wrapped body that fits the signature."""
    inputs = signature.inputs if signature is not None else None
    if isinstance(inputs, ColumnSchema):
        names = [str(position if name is None else name) for position, name in enumerate(inputs.names)]
        return {"dataframe_split": {"columns": names, "data": [[example_value(each.type) for each in inputs.columns]]}}
    if inputs is None:
        return {"inputs": [[1.5]]}
    tensors = {tensor.name: example_tensor(tensor) for tensor in inputs.tensors}
    return {"inputs": tensors.get(None, tensors)}


def example_value(kind: ColumnType) -> Any:
    """A value of a type, as JSON has it."""
    if isinstance(kind, Array):
        return [example_value(kind.items)]
    if isinstance(kind, Object):
        return {each.name: example_value(each.type) for each in kind.properties}
    if isinstance(kind, Map):
        return {"key": example_value(kind.values)}
    if isinstance(kind, AnyType):
        return "text"
    return _VALUES[kind] if isinstance(kind, DataType) else [1.5]


def example_tensor(tensor: Tensor) -> Any:
    """A tensor as nested lists, with one entry along each axis that varies."""
    value: Any = {"b": True, "i": 1, "u": 1, "f": 1.5}.get(tensor.dtype[0], "text")
    for extent in reversed(tensor.shape):
        value = [value] * max(extent, 1)
    return value


def _count(tensors: tuple[Tensor, ...]) -> int:
    return sum(prod(max(extent, 1) for extent in tensor.shape) for tensor in tensors)


def _stored(model: PyFuncModel) -> dict[str, Any] | None:
    """The stored example as a body that the server takes; None when there is none, or none that fits."""
    try:
        body = _stored_body(model)
        return None if body is None else _shown(body, model)
    except (ModelpackError, OSError, ValueError):
        return None


def _stored_body(model: PyFuncModel) -> Any:
    info = model.metadata.saved_input_example_info
    if info is None:
        return None
    file = confined_path(model.path, str(info.get("serving_input_path", SERVING_FILE)))
    if not file.is_file():
        example = read_input_example(model.path, info)
        return None if example is None else orjson.loads(example.rendered().files[SERVING_FILE])
    return orjson.loads(file.read_bytes()) if file.stat().st_size <= _MAX_STORED_BYTES else None


def _shown(body: Any, model: PyFuncModel) -> dict[str, Any] | None:
    """The first rows of a body, in the one form that pages and documents are made from."""
    data, params = _enforced(body, model)
    if model.signature is not None and isinstance(model.signature.inputs, ColumnSchema):
        body = orjson.loads(InputExample(data.head(ROWS), params).rendered().files[SERVING_FILE])
        body["dataframe_split"]["columns"] = [str(name) for name in body["dataframe_split"]["columns"]]
    elif len(orjson.dumps(body)) > MAX_BYTES:
        body = {**body, "inputs": _first(body["inputs"])} if "inputs" in body else body
    _enforced(body, model)
    return body if len(orjson.dumps(body)) <= MAX_BYTES else None


def _enforced(body: Any, model: PyFuncModel) -> tuple[Any, dict[str, Any] | None]:
    """The data as the model would get it, and the params that came with it.

    Raises:
        ModelpackError: The server would refuse the body.
    """
    payload = decode(orjson.dumps(body), "application/json", signature=model.signature)
    enforcer = Enforcer(model.signature, model.policy)
    enforcer.params(payload.params)
    return enforcer.inputs(payload.data), None if payload.params is None else dict(payload.params)


def _first(value: Any) -> Any:
    return {name: each[:1] for name, each in value.items()} if isinstance(value, dict) else value[:1]

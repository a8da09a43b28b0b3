"""What the server answers: predictions by the output half of a signature, and errors by the table of statuses."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from modelpack.schema.signature import ColumnSchema
from modelpack.serving.errors import STATUS
from modelpack.serving.openapi.types import names_of, nullable, tensor_schema, value_schema

if TYPE_CHECKING:
    from collections.abc import Iterable

    from modelpack.schema.signature import ModelSignature, Schema, TensorSchema
    from modelpack.serving.openapi.types import JsonSchema

ERROR: JsonSchema = {
    "type": "object",
    "properties": {
        "error_code": {"type": "string", "examples": ["MALFORMED_REQUEST"]},
        "message": {"type": "string"},
        "hint": {"type": "string"},
        "stack_trace": {"type": "string", "description": "only from a server that runs with --debug"},
    },
    "required": ["error_code", "message"],
}
_BUSY = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}
_RETRY_AFTER = {"Retry-After": {"schema": {"type": "integer", "minimum": 1}, "description": "seconds to wait"}}
_CHALLENGE = {"WWW-Authenticate": {"schema": {"type": "string"}}}
_FAILED = "The model failed, or the server itself; its log says more."
_OF_OTHERS = {
    True: (HTTPStatus.FORBIDDEN, HTTPStatus.MISDIRECTED_REQUEST),
    False: (HTTPStatus.UNAUTHORIZED,),
}
"""The statuses of servers that ask for keys, or do not, alone."""


def predictions_schema(signature: ModelSignature | None) -> JsonSchema:
    """What the predictions of one request are in JSON."""
    outputs = signature.outputs if signature is not None else None
    if isinstance(outputs, ColumnSchema) and outputs.columns:
        return _rows_schema(outputs)
    if outputs is not None and not isinstance(outputs, ColumnSchema) and outputs.tensors:
        return _tensors_schema(outputs)
    return {"description": "whatever the model answers"}


def _rows_schema(outputs: ColumnSchema) -> JsonSchema:
    """Lists of values from arrays and Series, of records from frames, and lists by name from dicts."""
    cells = [nullable(value_schema(column.type)) for column in outputs.columns]
    named = dict(zip(names_of(outputs), cells, strict=True))
    extent = {"minItems": len(cells), "maxItems": len(cells)}
    rows: list[JsonSchema] = [
        {"type": "object", "properties": named},
        {"type": "array", "prefixItems": cells, **extent},
    ]
    if len(cells) == 1:
        rows.insert(0, cells[0])
    columns = {name: {"type": "array", "items": cell} for name, cell in named.items()}
    return {"anyOf": [{"type": "array", "items": {"anyOf": rows}}, {"type": "object", "properties": columns}]}


def _tensors_schema(outputs: TensorSchema) -> JsonSchema:
    schemas = [tensor_schema(tensor) for tensor in outputs.tensors]
    if len(schemas) == 1 and outputs.tensors[0].name is None:
        return schemas[0]
    return {"type": "object", "properties": dict(zip(names_of(outputs), schemas, strict=True))}


def output_columns(outputs: Schema | None) -> list[str]:
    """The names of the output columns; none where the signature has no columns or they have no names."""
    return names_of(outputs) if isinstance(outputs, ColumnSchema) and None not in outputs.names else []


def error_responses(*, keys: bool) -> dict[str, dict[str, Any]]:
    """Every error that a request for predictions may be answered with, by status.

    Args:
        keys: Whether the server asks for API keys.
    """
    texts: dict[int, list[str]] = {}
    for kind, status in STATUS.items():
        texts.setdefault(int(status), []).append(_first_line(kind))
    texts[HTTPStatus.INTERNAL_SERVER_ERROR] = [_FAILED]
    for status in _OF_OTHERS[keys]:
        texts.pop(status, None)
    return {str(status): _error_response(status, texts[status]) for status in sorted(texts)}


def error_references(statuses: Iterable[str]) -> dict[str, dict[str, str]]:
    """The errors of an operation, which stand under the components once."""
    return {status: {"$ref": f"#/components/responses/Error{status}"} for status in statuses}


def _first_line(kind: type) -> str:
    return (kind.__doc__ or kind.__name__).partition("\n")[0]


def _error_response(status: int, texts: list[str]) -> dict[str, Any]:
    response: dict[str, Any] = {
        "description": " ".join(dict.fromkeys(texts)),
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
    }
    if status in _BUSY:
        response["headers"] = _RETRY_AFTER
    if status == HTTPStatus.UNAUTHORIZED:
        response["headers"] = _CHALLENGE
    return response

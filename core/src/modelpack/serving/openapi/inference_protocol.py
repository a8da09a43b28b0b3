"""The routes of the Open Inference Protocol, v2 and v1, as operations of OpenAPI."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_JSON = "application/json"
_ERROR = "ProtocolError"
_BINARY = "application/octet-stream"
_INDEX = {"200": {"description": "Their names and states.", "content": {_JSON: {"schema": {"type": "array"}}}}}


def protocol_paths(name: str, errors: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Health, metadata and inference, with and without a version in the path.

    Args:
        name: What the protocol calls the model.
        errors: Every error of an inference, by status; here they have the protocol's own form.
    """
    failures = {status: _failure(error["description"]) for status, error in errors.items()}
    lookup = {status: failures[status] for status in failures if status == "401"} | {"404": _failure("No such model.")}
    refused = {status: lookup[status] for status in lookup if status != "404"}
    paths = _server_paths(refused)
    for base, key in ((f"/v2/models/{name}", ""), (f"/v2/models/{name}/versions/1", "Version")):
        paths[base] = {"get": _operation(f"modelMetadata{key}", "Metadata of the model", _ok("ModelMetadata"), lookup)}
        ready = {"200": {"description": "It is."}, "503": {"description": "It is not."}, **lookup}
        paths[f"{base}/ready"] = {"get": _operation(f"modelReady{key}", "Whether the model is ready", ready, {})}
        paths[f"{base}/infer"] = {"post": _infer(f"infer{key}", {**lookup, **failures})}
    return {**paths, "/v2/repository/index": {"post": _operation("repositoryIndex", "The models", _INDEX, refused)}}


def first_version_paths(
    name: str, invoke: Mapping[str, Any], errors: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """Prediction as the protocol's first version has it: as `/invocations`, with the protocol's errors.

    Args:
        name: What the protocol calls the model.
        invoke: The operation of `/invocations`.
        errors: Every error of it, by status.
    """
    failures = {status: _failure(error["description"]) for status, error in errors.items()}
    responses = {"200": invoke["responses"]["200"], **failures}
    first = {"operationId": "predict", "tags": ["KServe, version 1"], "responses": responses}
    return {f"/v1/models/{name}:predict": {"post": {**invoke, **first}}}


def protocol_schemas() -> dict[str, Any]:
    """The components that these operations refer to."""
    text = {"type": "string"}
    tensor = {"name": text, "datatype": text, "shape": {"type": "array", "items": {"type": "integer"}}}
    parameters = {"parameters": {"type": "object"}}
    described = {"type": "array", "items": _object(tensor, *tensor)}
    carried = {"type": "array", "items": _object({**tensor, "data": {"type": "array"}, **parameters}, *tensor)}
    wanted = {"type": "array", "items": _object({"name": text, **parameters}, "name")}
    names = {"name": text, "versions": {"type": "array", "items": text}, "platform": text}
    answer = {"model_name": text, "model_version": text, "id": text, "outputs": carried, **parameters}
    return {
        "ServerMetadata": _object(
            {"name": text, "version": text, "extensions": {"type": "array", "items": text}}, "name"
        ),
        "ModelMetadata": _object({**names, "inputs": described, "outputs": described}, "name"),
        "InferRequest": _object({"id": text, "inputs": carried, "outputs": wanted, **parameters}, "inputs"),
        "InferResponse": _object(answer, "model_name", "outputs"),
        _ERROR: _object({"error": text}, "error"),
    }


def _object(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required)}


def _server_paths(refused: dict[str, Any]) -> dict[str, Any]:
    health = {"200": {"description": "It does."}, "503": {"description": "It does not."}}
    live = _operation("serverLive", "Whether the process works", health, {}) | {"security": []}
    ready = _operation("serverReady", "Whether the server takes requests", health, {}) | {"security": []}
    return {
        "/v2": {"get": _operation("serverMetadata", "Metadata of the server", _ok("ServerMetadata"), refused)},
        "/v2/health/live": {"get": live},
        "/v2/health/ready": {"get": ready},
    }


def _infer(name: str, failures: dict[str, Any]) -> dict[str, Any]:
    body = {"required": True, "content": {_JSON: {"schema": _reference("InferRequest")}, _BINARY: {}}}
    answer = _ok("InferResponse")
    answer["200"]["content"][_BINARY] = {}
    description = (
        "Tensors as JSON, or after it as bytes (the binary-data extension, with `Inference-Header-Content-Length`)."
    )
    return {**_operation(name, "Predict", answer, failures), "description": description, "requestBody": body}


def _operation(name: str, summary: str, answers: dict[str, Any], failures: dict[str, Any]) -> dict[str, Any]:
    responses = {**answers, **failures}
    return {"operationId": name, "tags": ["Open Inference Protocol"], "summary": summary, "responses": responses}


def _ok(schema: str) -> dict[str, Any]:
    return {"200": {"description": "The answer.", "content": {_JSON: {"schema": _reference(schema)}}}}


def _failure(description: str) -> dict[str, Any]:
    return {"description": description, "content": {_JSON: {"schema": _reference(_ERROR)}}}


def _reference(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}

"""The routes that tell of the server and its model, as operations of OpenAPI."""

from __future__ import annotations

from typing import Any

_JSON = "application/json"
_OPEN: dict[str, Any] = {"security": []}
"""Of an operation that needs no API key."""


def service_paths(*, keys: bool) -> dict[str, Any]:
    """Health, metrics, and what describes the model.

    Args:
        keys: Whether the server asks for API keys.
    """
    unknown = {"401": {"$ref": "#/components/responses/Error401"}} if keys else {}
    described = {
        "/model": _get(
            "describeModel", "Model", "What the server serves", _json(_reference("Model"), "The model."), unknown
        ),
        "/version": _get("version", "Model", "What runs", _json(_reference("Version"), "Versions."), unknown),
        "/openapi.json": _get("openapi", "Model", "This document", _json({"type": "object"}, "OpenAPI 3.1."), unknown),
        "/metrics": _get("metrics", "Health", "Measurements for Prometheus", _metrics(), unknown),
    }
    return {**{path: {"get": operation} for path, operation in described.items()}, **_health_paths(), **_page_paths()}


def service_schemas() -> dict[str, Any]:
    """The components that these operations refer to."""
    text = {"type": "string"}
    perhaps = {"type": ["string", "null"]}
    version = {"modelpack": text, "model_uuid": perhaps, "digest": text}
    model = {
        "name": text,
        "model_uuid": perhaps,
        "digest": text,
        "created": perhaps,
        "flavors": {"type": "array", "items": text},
        "signature": {"type": ["object", "null"]},
        "policy": text,
        "python_version": perhaps,
        "requirements": {"type": "array", "items": text},
        "example": {"type": ["object", "null"]},
        "modelpack_version": text,
    }
    return {
        "Version": {"type": "object", "properties": version, "required": list(version)},
        "Model": {"type": "object", "properties": model, "required": list(model)},
    }


def _get(name: str, tag: str, summary: str, answer: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    return {"operationId": name, "tags": [tag], "summary": summary, "responses": {"200": answer, **more}}


def _health_paths() -> dict[str, Any]:
    unavailable = {"503": {"description": "not now", "content": {_JSON: {}}}}
    newline = {"description": "A newline.", "content": {_JSON: {}}}
    live = _get("ping", "Health", "Whether the process works", newline, unavailable)
    ready = _get("health", "Health", "Whether the model has proved that it predicts", newline, unavailable)
    return {"/ping": {"get": live | _OPEN}, "/health": {"get": ready | _OPEN}}


def _page_paths() -> dict[str, Any]:
    page = {"description": "HTML.", "content": {"text/html": {"schema": {"type": "string"}}}}
    trying = _get("page", "Page", "A page to try the model on", page, {})
    docs = _get("docs", "Page", "This document to read", page, {})
    return {"/": {"get": trying | _OPEN}, "/docs": {"get": docs | _OPEN}}


def _metrics() -> dict[str, Any]:
    text = {"schema": {"type": "string"}}
    return {"description": "Prometheus' text.", "content": {"text/plain": text, "application/openmetrics-text": text}}


def _json(schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"description": description, "content": {_JSON: {"schema": schema}}}


def _reference(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}

"""The whole document of OpenAPI 3.1."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from modelpack import __version__
from modelpack.schema.signature_text import signature_line
from modelpack.serving.example import example_request
from modelpack.serving.naming import model_name
from modelpack.serving.openapi.inference_protocol import first_version_paths, protocol_paths, protocol_schemas
from modelpack.serving.openapi.invocations import invocations_operation
from modelpack.serving.openapi.requests import request_schemas
from modelpack.serving.openapi.responses import ERROR, error_responses, predictions_schema
from modelpack.serving.openapi.service import service_paths, service_schemas

if TYPE_CHECKING:
    from modelpack.pyfunc.model import PyFuncModel
    from modelpack.serving.settings import ServerSettings

_KEYS = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}


def openapi_document(model: PyFuncModel, settings: ServerSettings) -> dict[str, Any]:
    """Describe the server of a model.

    Args:
        model: The loaded model.
        settings: The settings of its server.
    """
    name = model_name(model, settings)
    keys = settings.api_key_file is not None
    components = _components(model, keys=keys)
    example, errors, schemas = example_request(model), error_responses(keys=keys), components["schemas"]
    invoke = invocations_operation(model.signature, settings, example, schemas)
    wrapped = invocations_operation(model.signature, replace(settings, protocol="modelpack"), example, schemas)
    paths = {
        "/invocations": {"post": invoke},
        **protocol_paths(name, errors),
        **first_version_paths(name, wrapped, errors),
        **service_paths(keys=keys),
    }
    document = {
        "openapi": "3.1.0",
        "info": {"title": name, "version": __version__, "description": _description(model)},
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": components,
    }
    return document if not keys else {**document, "security": [{scheme: []} for scheme in _KEYS]}


def _components(model: PyFuncModel, *, keys: bool) -> dict[str, Any]:
    schemas = {
        **request_schemas(model.signature),
        "Predictions": predictions_schema(model.signature),
        "Error": ERROR,
        **service_schemas(),
        **protocol_schemas(),
    }
    responses = {f"Error{status}": response for status, response in error_responses(keys=keys).items()}
    components = {"schemas": schemas, "responses": responses}
    return {**components, "securitySchemes": _KEYS} if keys else components


def _description(model: PyFuncModel) -> str:
    return f"Predictions of a packaged model.\n\nSignature: {signature_line(model.signature)}\n\nDigest: {model.digest}"

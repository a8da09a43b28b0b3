"""`POST /invocations` as an operation of OpenAPI."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from modelpack.data.codecs import ARROW_FILE, ARROW_STREAM, CSV, JSON, JSON_LINES, PARQUET
from modelpack.serving.openapi.examples import JSON_FORMS, example_forms
from modelpack.serving.openapi.responses import error_references, error_responses

if TYPE_CHECKING:
    from collections.abc import Container

    from modelpack.schema.signature import ModelSignature
    from modelpack.serving.example import Example
    from modelpack.serving.settings import ServerSettings

_DESCRIPTION = (
    "Data in any of the formats; the `Content-Type` says which. JSON comes in several forms. "
    "The answer is JSON, or Arrow for Arrow, unless `Accept` names another format."
)
_ANSWER = "Predictions, one for each row in the order of the request."
_TEXT = {"type": "string"}


def invocations_operation(
    signature: ModelSignature | None, settings: ServerSettings, example: Example | None, schemas: Container[str]
) -> dict[str, Any]:
    """The operation: every format of requests and answers, and every error.

    Args:
        signature: The signature of the model.
        settings: The settings of the server.
        example: A request that the model takes.
        schemas: The names of the components that describe requests.
    """
    forms = example_forms(example, signature)
    errors = error_references(error_responses(keys=settings.api_key_file is not None))
    return {
        "operationId": "invoke",
        "tags": ["Predictions"],
        "summary": "Predict",
        "description": _DESCRIPTION,
        "requestBody": {"required": True, "content": _request_content(settings, forms, schemas)},
        "responses": {"200": {"description": _ANSWER, "content": _answer_content(settings)}, **errors},
    }


def _request_content(settings: ServerSettings, forms: dict[str, Any], schemas: Container[str]) -> dict[str, Any]:
    named = {form: {"summary": text, "value": forms[form]} for form, text in JSON_FORMS.items() if form in forms}
    content = {JSON.media_types[0]: _with_examples(_reference("Request"), named)}
    for name in ("Split", "Records"):
        if name in schemas:
            own = {form: example for form, example in named.items() if form == name.lower()}
            content[f"application/json; format=pandas-{name.lower()}"] = _with_examples(_reference(name), own)
    if settings.protocol != "mlflow-0.1":
        content |= _table_content(forms)
    return content


def _table_content(forms: dict[str, Any]) -> dict[str, Any]:
    header = {"type": "string", "description": "a header row with the columns' names, then one row for each prediction"}
    lines = {"type": "string", "description": "one JSON object in each line, for each row"}
    texts = {form: {"example": {"value": forms[form]}} for form in ("csv", "json_lines") if form in forms}
    content = {CSV.media_types[0]: _with_examples(header, texts.get("csv", {}))}
    content[JSON_LINES.media_types[0]] = _with_examples(lines, texts.get("json_lines", {}))
    return content | _binary_content()


def _answer_content(settings: ServerSettings) -> dict[str, Any]:
    bare = {"schema": _reference("Predictions")}
    wrapped = {"type": "object", "properties": {"predictions": _reference("Predictions")}, "required": ["predictions"]}
    plain = bare if settings.protocol == "mlflow-0.9" else {"schema": wrapped}
    content = {JSON.media_types[0]: plain, "application/json; format=pandas-records": bare}
    return content | {codec.media_types[0]: {"schema": _TEXT} for codec in (CSV, JSON_LINES)} | _binary_content()


def _binary_content() -> dict[str, Any]:
    """The formats that need pyarrow, where it is installed."""
    if find_spec("pyarrow") is None:
        return {}
    return {codec.media_types[0]: {} for codec in (ARROW_STREAM, ARROW_FILE, PARQUET)}


def _reference(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def _with_examples(schema: dict[str, Any], examples: dict[str, Any]) -> dict[str, Any]:
    return {"schema": schema, "examples": examples} if examples else {"schema": schema}

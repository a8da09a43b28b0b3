"""`GET /model`: what the server serves, for people and pages."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from modelpack import __version__
from modelpack.pyfunc.model import FLAVOR_NAME
from modelpack.schema.signature_json import signature_to_mapping
from modelpack.schema.signature_text import signature_line
from modelpack.serving.example import example_request
from modelpack.serving.naming import model_name

if TYPE_CHECKING:
    from pathlib import Path

    from modelpack.pyfunc.model import PyFuncModel
    from modelpack.schema.signature import ModelSignature
    from modelpack.serving.settings import ServerSettings


def model_info(model: PyFuncModel, settings: ServerSettings) -> dict[str, Any]:
    """Everything about a model that its clients may know; nothing of where it stands on the server.

    Args:
        model: The loaded model.
        settings: The settings of its server.
    """
    described = model.metadata
    example = example_request(model)
    return {
        "name": model_name(model, settings),
        "model_uuid": described.model_uuid,
        "digest": model.digest,
        "created": described.created.isoformat() if described.created is not None else described.utc_time_created,
        "run_id": described.run_id,
        "written_by": _writer(described.modelpack_version, described.mlflow_version),
        "flavors": list(described.flavors),
        "signature": _signature(model.signature),
        "policy": model.policy,
        "python_version": described.flavors.get(FLAVOR_NAME, {}).get("python_version"),
        "requirements": _requirements(model.path),
        "example": None if example is None else {"body": example.body, "stored": example.stored},
        "modelpack_version": __version__,
    }


def _writer(modelpack: str | None, mlflow: str | None) -> str | None:
    if modelpack is not None:
        return f"modelpack {modelpack}"
    return None if mlflow is None else f"MLflow {mlflow}"


def _signature(signature: ModelSignature | None) -> dict[str, Any] | None:
    """The signature in words, and as it stands in the `MLmodel` file."""
    if signature is None:
        return None
    parts = {part: None if text is None else json.loads(text) for part, text in signature_to_mapping(signature).items()}
    return {"text": signature_line(signature), **parts}


def _requirements(path: Path) -> list[str]:
    file = path / "requirements.txt"
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return []
    return [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]

"""Saving a model into a run."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from modelpack.errors import AlreadyExistsError, InvalidArgumentError, InvalidModelError
from modelpack.package.save import save_model
from modelpack.paths import relative_path
from modelpack.schema.mlmodel import MLmodel
from modelpack.tracking.runs import active_run, start_run

if TYPE_CHECKING:
    from pathlib import Path

    from modelpack.package.info import ModelInfo
    from modelpack.tracking.runs import Run

_HISTORY_KEYS = ("run_id", "artifact_path", "utc_time_created", "model_uuid", "flavors")


def log_model(model: Any, artifact_path: str, **arguments: Any) -> ModelInfo:
    """Save a model into the active run, starting a run when none is active (S16, S29).

    Args:
        model: The model, of any installed flavor.
        artifact_path: Where in the run, as in `runs:/<run_id>/<artifact_path>`.
        **arguments: Everything else that `modelpack.save_model` takes.

    Returns:
        What was saved; its `model_uri` loads the model again.

    Raises:
        AlreadyExistsError: The run has a model under that path.
        ModelpackError: As `modelpack.save_model` does.

    Example:
        ```python
        info = modelpack.log_model(pipeline, "model")
        modelpack.load_model(info.model_uri)
        ```
    """
    run = active_run() or start_run()
    destination = log_destination(run, artifact_path)
    info = save_model(model, destination, run_id=run.run_id, artifact_path=artifact_path, **arguments)
    record_model(run, destination)
    return replace(info, model_uri=f"runs:/{run.run_id}/{artifact_path}")


def log_destination(run: Run, artifact_path: str) -> Path:
    """Where in a run's artifacts a model shall stand; its parent directory is there afterwards.

    Raises:
        InvalidArgumentError: The path is absolute, leaves the run or names no place in it.
        AlreadyExistsError: The run has something under that path.
    """
    try:
        path = relative_path(artifact_path)
    except InvalidModelError as error:
        raise InvalidArgumentError(f"cannot log a model under {artifact_path!r}: {error.message}") from error
    destination = run.artifacts / path
    if not path.parts:
        raise InvalidArgumentError(f"cannot log a model under {artifact_path!r}", hint="give it a name, such as model")
    if destination.exists():
        raise AlreadyExistsError(
            f"the run {run.run_id} has {artifact_path!r} already", hint="log under another name or in another run"
        )
    destination.parent.mkdir(parents=True, exist_ok=True)
    return destination


def record_model(run: Run, directory: Path) -> None:
    """Note a logged model in the run's tag `mlflow.log-model.history`, as MLflow does."""
    fields = MLmodel.load(directory).to_dict()
    run.store.add_to_history(run.run_id, {key: fields[key] for key in _HISTORY_KEYS if key in fields})

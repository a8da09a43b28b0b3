"""`Model`: the description of a model, for code that writes models itself, such as a flavor made of two functions."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol, Self

from modelpack import __version__
from modelpack.errors import InvalidArgumentError
from modelpack.package.info import ModelInfo
from modelpack.package.manifest import write_manifest
from modelpack.package.staging import staged
from modelpack.package.trust import trust_own
from modelpack.schema.mlmodel import FILE_NAME, MLmodel
from modelpack.schema.times import time_text
from modelpack.stores.resolve import fetch

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from modelpack.tracking.runs import Run

__all__ = ["FlavorModule", "Model"]


class FlavorModule(Protocol):
    """A module that is a flavor by convention (S101): MLflow's contract for flavors of one's own."""

    save_model: Callable[..., Any]
    """Takes `path`, which is not there yet, `mlflow_model`, and arguments of its own."""


class Model(MLmodel):
    """What the `MLmodel` file of one model says (S11).

    Every instance has flavors of its own; nothing is shared with another model or another save (Q1).

    Example:
        ```python
        def save_model(forest, path, mlflow_model=None):
            os.makedirs(path)
            forest.write(os.path.join(path, "forest.bin"))
            model = mlflow_model or Model()
            model.add_flavor("forest", data="forest.bin").save(path)
        ```
    """

    def __init__(
        self,
        artifact_path: str | None = None,
        run_id: str | None = None,
        utc_time_created: str | datetime | None = None,
        flavors: Mapping[str, Mapping[str, Any]] | None = None,
        **others: Any,
    ) -> None:
        """Describe a new model.

        Args:
            artifact_path: Where in its run it will stand; kept only together with a run.
            run_id: The run that it belongs to.
            utc_time_created: When it was made, in UTC; now by default.
            flavors: Its flavors; better added with `add_flavor`.
            **others: What else shall stand in the file.
        """
        created = datetime.now(UTC) if utc_time_created is None else utc_time_created
        super().__init__(
            run_id=run_id or None,
            artifact_path=artifact_path if run_id else None,
            utc_time_created=time_text(created) if isinstance(created, datetime) else created,
            flavors={name: dict(conf) for name, conf in (flavors or {}).items()},
            **others,
        )

    @classmethod
    def from_dict(cls, mapping: Mapping[str, Any], *, source: str = FILE_NAME) -> Self:
        """Read the content from a mapping; see `MLmodel.from_dict`. What it leaves out stays out."""
        model = super().from_dict(mapping, source=source)
        for name in ("utc_time_created", "artifact_path"):
            if mapping.get(name) is None:
                setattr(model, name, None)
        if not mapping.get("run_id") and mapping.get("artifact_path") is not None:
            model.artifact_path = str(mapping["artifact_path"])
        return model

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read the description of a model that was saved or logged (S15, S17).

        Args:
            path: The model directory, its `MLmodel` file, or a URI of either, such as `runs:/<run_id>/<path>`.

        Raises:
            NotFoundError: There is no such model.
            InvalidModelError: The file is malformed.
        """
        return super().load(fetch(path))

    @classmethod
    def log(cls, artifact_path: str, flavor: FlavorModule | str, **kwargs: Any) -> ModelInfo:
        """Save a model with a flavor into the active run, starting a run when none is active (S16).

        Args:
            artifact_path: Where in the run, as in `runs:/<run_id>/<artifact_path>`.
            flavor: A module with a function `save_model(path=…, mlflow_model=…, …)`, or an installed flavor's name.
            **kwargs: The function's own arguments; for the name of a flavor, `model` and what `modelpack.save_model`
                takes.

        Returns:
            What was saved; its `model_uri` loads the model again.

        Raises:
            InvalidArgumentError: The flavor has no `save_model`, or left no `MLmodel` file.
            AlreadyExistsError: The run has a model under that path.
        """
        from modelpack.tracking.log import log_destination, log_model, record_model
        from modelpack.tracking.runs import active_run, start_run

        if isinstance(flavor, str):
            if "model" not in kwargs:
                raise InvalidArgumentError(
                    "no model was given to log", hint=f"Model.log({artifact_path!r}, …, model=…)"
                )
            return log_model(artifact_path=artifact_path, flavor=flavor, **kwargs)
        if not callable(getattr(flavor, "save_model", None)):
            raise InvalidArgumentError(
                f"{flavor!r} is no flavor: it has no function save_model",
                hint="give a module with save_model(path=…, mlflow_model=…, …), or the name of an installed flavor",
            )
        run = active_run() or start_run()
        destination = log_destination(run, artifact_path)
        with staged(destination) as directory:
            digest = _save(flavor, directory, cls._in_run(run, artifact_path), kwargs)
        trust_own(digest, destination)
        record_model(run, destination)
        described = MLmodel.load(destination)
        return ModelInfo.of(described, destination, digest, f"runs:/{run.run_id}/{artifact_path}")

    @classmethod
    def _in_run(cls, run: Run, artifact_path: str) -> Self:
        return cls(artifact_path, run.run_id, model_uuid=uuid.uuid4().hex, modelpack_version=__version__)


def _save(flavor: FlavorModule, directory: Path, description: Model, arguments: Mapping[str, Any]) -> str:
    """Let the module write the model, and write the manifest; answers the digest."""
    directory.rmdir()  # such functions make the directory themselves, and refuse one that is there
    flavor.save_model(path=str(directory), mlflow_model=description, **arguments)
    if not (directory / FILE_NAME).is_file():
        raise InvalidArgumentError(
            f"the save_model of {getattr(flavor, '__name__', flavor)!r} wrote no {FILE_NAME} file",
            hint="it ends with mlflow_model.add_flavor(NAME, …) and mlflow_model.save(path)",
        )
    return write_manifest(directory)

"""The directory of runs, in the layout of MLflow's file store."""

from __future__ import annotations

import getpass
import json
import re
import time
import uuid
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from modelpack.errors import InvalidArgumentError, InvalidModelError, NotFoundError
from modelpack.schema.yaml import read_yaml, write_yaml
from modelpack.tracking.files import locked, replace_text
from modelpack.tracking.location import local_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

DEFAULT_EXPERIMENT = "0"
META = "meta.yaml"
HISTORY_TAG = "mlflow.log-model.history"
_SUBDIRECTORIES = ("metrics", "params", "artifacts", "tags")
_RUN_ID = re.compile(r"[a-zA-Z0-9][\w-]{0,255}", re.ASCII)
_TAG = re.compile(r"[\w][\w.\- ]{0,249}", re.ASCII)


class RunStatus(IntEnum):
    """Where a run stands, by the numbers that MLflow's files hold."""

    RUNNING = 1
    SCHEDULED = 2
    FINISHED = 3
    FAILED = 4
    KILLED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInfo:
    """What is known of a run.

    Attributes:
        run_id: Its id, as in `runs:/<run_id>/model`.
        run_name: Its name, for people.
        experiment_id: The experiment that it belongs to.
        status: Where it stands.
        start_time: When it started, in milliseconds since 1970.
        end_time: When it ended; None while it runs.
        artifact_uri: Where its artifacts are.
        user_id: Who started it.
    """

    run_id: str
    run_name: str
    experiment_id: str
    status: RunStatus
    start_time: int
    end_time: int | None
    artifact_uri: str
    user_id: str


def valid_run_id(text: str) -> str:
    """The text, if it can be the id of a run.

    Raises:
        InvalidArgumentError: It holds anything but letters, digits, `_` and `-`, or is too long.
    """
    if _RUN_ID.fullmatch(text) is None:
        raise InvalidArgumentError(
            f"{text!r} cannot be the id of a run",
            hint="a run's id is made of letters, digits, _ and -, as in 8703445628934076b8a348a2e8f7330c",
        )
    return text


class RunStore:
    """The runs in one directory; any number of processes may use it at once."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def create(self, *, run_name: str | None = None, tags: Mapping[str, str] | None = None) -> RunInfo:
        """Start a run in the default experiment.

        Args:
            run_name: Its name; one is made from its id when none is given.
            tags: What else to note of it.
        """
        self._ensure_experiment()
        run_id = uuid.uuid4().hex
        directory = self.root / DEFAULT_EXPERIMENT / run_id
        info = RunInfo(
            run_id=run_id,
            run_name=run_name or f"run-{run_id[:8]}",
            experiment_id=DEFAULT_EXPERIMENT,
            status=RunStatus.RUNNING,
            start_time=_now(),
            end_time=None,
            artifact_uri=(directory / "artifacts").as_uri(),
            user_id=_user(),
        )
        for name in _SUBDIRECTORIES:
            (directory / name).mkdir(parents=True)
        _write_meta(directory, info)
        for key, value in {"mlflow.runName": info.run_name, "mlflow.user": info.user_id, **(tags or {})}.items():
            self.set_tag(run_id, key, value)
        return info

    def get(self, run_id: str) -> RunInfo:
        """What is known of a run, whoever made it.

        Raises:
            NotFoundError: There is no such run.
        """
        return _read_meta(self.directory(run_id))

    def directory(self, run_id: str) -> Path:
        """The directory of a run.

        Raises:
            InvalidArgumentError: The id is malformed.
            NotFoundError: There is no such run.
        """
        valid_run_id(run_id)
        for experiment in self.experiments():
            directory = experiment / run_id
            if (directory / META).is_file() and (directory / "artifacts").is_dir():
                return directory
        raise NotFoundError(
            f"there is no run {run_id!r} in {self.root}",
            hint="set MODELPACK_TRACKING_URI to the directory that holds the run (usually named mlruns)",
        )

    def experiments(self) -> Iterator[Path]:
        """The directories of the experiments that are not deleted."""
        if self.root.is_dir():
            yield from sorted(path for path in self.root.iterdir() if path.is_dir() and path.name != ".trash")

    def set_status(self, run_id: str, status: RunStatus) -> RunInfo:
        """Note where a run stands; its end as well, unless it runs."""
        directory = self.directory(run_id)
        end_time = None if status is RunStatus.RUNNING else _now()
        with locked(directory / ".lock"):
            meta = {**_raw_meta(directory), "status": int(status), "end_time": end_time}
            replace_text(directory / META, write_yaml(meta), beside=directory)
        return _read_meta(directory)

    def set_tag(self, run_id: str, key: str, value: str) -> None:
        """Note something of a run, replacing what stood under the key.

        Raises:
            InvalidArgumentError: The key cannot be the name of a file.
        """
        if _TAG.fullmatch(key) is None:
            raise InvalidArgumentError(
                f"{key!r} cannot be the key of a tag", hint="use letters, digits, spaces and the characters _ - ."
            )
        directory = self.directory(run_id)
        replace_text(directory / "tags" / key, value, beside=directory)

    def tags(self, run_id: str) -> dict[str, str]:
        """All tags of a run."""
        files = sorted((self.directory(run_id) / "tags").glob("*"))
        return {file.name: file.read_text(encoding="utf-8") for file in files if file.is_file()}

    def artifacts(self, run_id: str) -> Path | str:
        """Where a run's artifacts are: a local directory, or a URI when MLflow keeps them elsewhere."""
        directory = self.directory(run_id)
        uri = _read_meta(directory).artifact_uri
        recorded = local_path(uri)
        if recorded is None:
            return uri
        return recorded if recorded.is_dir() else directory / "artifacts"  # the runs may have been moved as a whole

    def logged_models(self, run_id: str) -> Iterator[tuple[str, Path]]:
        """Name and directory of each model that MLflow 3 logged to a run: it keeps them beside the runs."""
        for file in sorted(self.directory(run_id).parent.glob("models/*/meta.yaml")):
            meta = _raw_meta(file.parent)
            if str(meta.get("source_run_id")) == run_id:
                yield str(meta.get("name")), file.parent / "artifacts"

    def add_to_history(self, run_id: str, model: Mapping[str, Any]) -> None:
        """Append one logged model to the run's `mlflow.log-model.history`."""
        directory = self.directory(run_id)
        path = directory / "tags" / HISTORY_TAG
        with locked(directory / ".lock"):
            replace_text(path, json.dumps([*_history(path), model]), beside=directory)

    def _ensure_experiment(self) -> None:
        directory = self.root / DEFAULT_EXPERIMENT
        if (directory / META).exists():
            return
        directory.mkdir(parents=True, exist_ok=True)
        now = _now()
        meta = {
            "artifact_location": directory.as_uri(),
            "creation_time": now,
            "experiment_id": DEFAULT_EXPERIMENT,
            "last_update_time": now,
            "lifecycle_stage": "active",
            "name": "Default",
        }
        replace_text(directory / META, write_yaml(meta), beside=directory)


def _write_meta(directory: Path, info: RunInfo) -> None:
    meta: dict[str, Any] = {
        "artifact_uri": info.artifact_uri,
        "deleted_time": None,
        "end_time": info.end_time,
        "entry_point_name": "",
        "experiment_id": info.experiment_id,
        "lifecycle_stage": "active",
        "run_id": info.run_id,
        "run_name": info.run_name,
        "source_name": "",
        "source_type": 4,
        "source_version": "",
        "start_time": info.start_time,
        "status": int(info.status),
        "tags": [],
        "user_id": info.user_id,
    }
    replace_text(directory / META, write_yaml(meta), beside=directory)


def _read_meta(directory: Path) -> RunInfo:
    meta = _raw_meta(directory)
    try:
        return RunInfo(
            run_id=directory.name,
            run_name=str(meta.get("run_name") or meta.get("name") or ""),
            experiment_id=str(meta["experiment_id"]),
            status=RunStatus(meta.get("status", RunStatus.RUNNING)),
            start_time=int(meta.get("start_time") or 0),
            end_time=meta.get("end_time"),
            artifact_uri=str(meta["artifact_uri"]),
            user_id=str(meta.get("user_id", "")),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidModelError(f"{directory / META} does not describe a run: {error!r}") from error


def _raw_meta(directory: Path) -> dict[str, Any]:
    path = directory / META
    meta: dict[str, Any] | None = read_yaml(path.read_bytes(), source=str(path))
    if not isinstance(meta, dict):
        raise InvalidModelError(f"{path} does not describe a run: it holds no mapping")
    return meta


def _history(path: Path) -> list[Any]:
    try:
        history = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    except ValueError as error:
        raise InvalidModelError(f"{path} is not JSON: {error}") from error
    return history if isinstance(history, list) else [history]


def _now() -> int:
    return time.time_ns() // 1_000_000


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run under a number without a name
        return "unknown"

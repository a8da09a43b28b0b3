"""The run that is active: started, found and ended."""

from __future__ import annotations

import atexit
import os
import sys
from contextvars import ContextVar
from typing import TYPE_CHECKING

from modelpack.errors import InvalidArgumentError
from modelpack.tracking.location import tracking_root
from modelpack.tracking.store import RunStatus, RunStore

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import TracebackType
    from typing import Literal, Self

    from modelpack.tracking.store import RunInfo

_active: ContextVar[tuple[Run, ...]] = ContextVar("modelpack_active_runs", default=())


class Run:
    """One run. As a context manager it ends when the block does, FAILED if the block raised.

    Attributes:
        store: The directory of runs that it is kept in.
        run_id: Its id, as in `runs:/<run_id>/model`.
    """

    def __init__(self, store: RunStore, run_id: str) -> None:
        self.store = store
        self.run_id = run_id

    @property
    def info(self) -> RunInfo:
        """What is known of the run now."""
        return self.store.get(self.run_id)

    @property
    def tags(self) -> dict[str, str]:
        """The run's tags now."""
        return self.store.tags(self.run_id)

    @property
    def artifacts(self) -> Path:
        """The directory that the run's models are logged to.

        Raises:
            InvalidArgumentError: MLflow made the run with its artifacts elsewhere than on this machine.
        """
        place = self.store.artifacts(self.run_id)
        if isinstance(place, str):
            raise InvalidArgumentError(
                f"the artifacts of run {self.run_id} are kept at {place}, where modelpack cannot log",
                hint="log to a run whose artifacts are files: modelpack.start_run()",
            )
        return place

    def set_tag(self, key: str, value: str) -> None:
        """Note something of the run."""
        self.store.set_tag(self.run_id, key, value)

    def end(self, status: Literal["FINISHED", "FAILED", "KILLED"] = "FINISHED") -> None:
        """End the run; it is active no longer."""
        atexit.unregister(self._end_at_exit)
        _active.set(tuple(run for run in _active.get() if run is not self))
        self.store.set_status(self.run_id, RunStatus[status])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.end("FINISHED" if error_type is None else "FAILED")

    def __repr__(self) -> str:
        return f"Run({self.run_id!r})"

    def _activate(self) -> Self:
        _active.set((*_active.get(), self))
        atexit.register(self._end_at_exit)
        return self

    def _end_at_exit(self) -> None:
        crashed = hasattr(sys, "last_value") and not hasattr(sys, "ps1")  # in a session it may be any older error
        self.end("FAILED" if crashed else "FINISHED")


def start_run(
    run_id: str | None = None,
    *,
    run_name: str | None = None,
    nested: bool = False,
    tags: Mapping[str, str] | None = None,
) -> Run:
    """Start a run, or go on with an earlier one, and make it the active run of this thread.

    Runs are kept in `./mlruns`, or where `MODELPACK_TRACKING_URI` or `MLFLOW_TRACKING_URI` says, in a layout that
    MLflow reads.

    Args:
        run_id: The run to go on with; None starts a new one, or goes on with the one that `MLFLOW_RUN_ID` names when
            no run is active.
        run_name: The name of a new run.
        nested: Start the run inside the active one, as its child.
        tags: What else to note of a new run.

    Raises:
        InvalidArgumentError: A run is active and `nested` was not asked for.
        NotFoundError: There is no run of that id.

    Example:
        ```python
        with modelpack.start_run() as run:
            modelpack.log_model(model, "model")
        modelpack.load_model(f"runs:/{run.run_id}/model")
        ```
    """
    parent = active_run()
    if parent is not None and not nested:
        raise InvalidArgumentError(
            f"the run {parent.run_id} is active",
            hint="end it first with modelpack.tracking.end_run(), or start one inside it with nested=True",
        )
    store = RunStore(tracking_root())
    wanted = run_id or (os.environ.get("MLFLOW_RUN_ID") if parent is None else None)
    if wanted:
        store.set_status(wanted, RunStatus.RUNNING)
        return Run(store, wanted)._activate()  # noqa: SLF001 - one module's own
    lineage = {"mlflow.parentRunId": parent.run_id} if parent is not None else {}
    return Run(store, store.create(run_name=run_name, tags={**lineage, **(tags or {})}).run_id)._activate()  # noqa: SLF001


def active_run() -> Run | None:
    """The run that was started last in this thread and has not ended; None when there is none."""
    runs = _active.get()
    return runs[-1] if runs else None


def end_run(status: Literal["FINISHED", "FAILED", "KILLED"] = "FINISHED") -> None:
    """End the active run; do nothing when there is none."""
    run = active_run()
    if run is not None:
        run.end(status)

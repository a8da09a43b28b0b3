"""Runs and the models logged to them, kept in a directory that MLflow reads as its own."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modelpack.tracking.log import log_model as log_model
    from modelpack.tracking.runs import Run as Run
    from modelpack.tracking.runs import active_run as active_run
    from modelpack.tracking.runs import end_run as end_run
    from modelpack.tracking.runs import start_run as start_run
    from modelpack.tracking.store import RunInfo as RunInfo

_MODULES = {
    "Run": "modelpack.tracking.runs",
    "RunInfo": "modelpack.tracking.store",
    "active_run": "modelpack.tracking.runs",
    "end_run": "modelpack.tracking.runs",
    "log_model": "modelpack.tracking.log",
    "start_run": "modelpack.tracking.runs",
}

__all__ = [*_MODULES]  # noqa: PLE0604 - the table is the list


def __getattr__(name: str) -> Any:
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module 'modelpack.tracking' has no attribute {name!r}")
    return getattr(import_module(module), name)


def __dir__() -> list[str]:
    return sorted(__all__)

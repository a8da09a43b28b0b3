"""Deploying packaged models to targets, and what can be done with what is deployed.

`modelpack.deploy` deploys; the functions here do the rest. All take the target by its name, and its options as a
mapping.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelpack.deployments.applying import plan as plan
    from modelpack.deployments.batch_jobs import get_batch as get_batch
    from modelpack.deployments.batch_jobs import submit_batch as submit_batch
    from modelpack.deployments.verbs import delete as delete
    from modelpack.deployments.verbs import export as export
    from modelpack.deployments.verbs import get as get
    from modelpack.deployments.verbs import invoke as invoke
    from modelpack.deployments.verbs import list_deployments as list_deployments
    from modelpack.deployments.verbs import logs as logs
    from modelpack.deployments.verbs import run_local as run_local
    from modelpack.deployments.verbs import set_traffic as set_traffic

    list = list_deployments  # noqa: A001 - the name of the verb

_NAMES = {
    "delete": ("verbs", "delete"),
    "export": ("verbs", "export"),
    "get": ("verbs", "get"),
    "get_batch": ("batch_jobs", "get_batch"),
    "invoke": ("verbs", "invoke"),
    "list": ("verbs", "list_deployments"),
    "logs": ("verbs", "logs"),
    "plan": ("applying", "plan"),
    "run_local": ("verbs", "run_local"),
    "set_traffic": ("verbs", "set_traffic"),
    "submit_batch": ("batch_jobs", "submit_batch"),
}

__all__ = [*_NAMES]  # noqa: PLE0604 - the table is the list


def __getattr__(name: str) -> Any:
    if name not in _NAMES:
        raise AttributeError(f"module 'modelpack.deployments' has no attribute {name!r}")
    module, function = _NAMES[name]
    return getattr(import_module(f"modelpack.deployments.{module}"), function)


def __dir__() -> Sequence[str]:
    return sorted(__all__)

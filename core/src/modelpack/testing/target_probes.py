"""What the kit of targets runs in other interpreters. Each function imports what it needs where it needs it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelpack.deployments.records import Deployment, Plan

KILLED = 70
"""The exit code of a process that ends in the middle of a deployment."""


def plan(model: str, target: str, name: str, options: Mapping[str, Any]) -> Plan:
    """What deploying would do."""
    from modelpack.deployments.applying import plan as dry_run

    return dry_run(model, target=target, name=name, options=options)


def look(target: str, name: str, options: Mapping[str, Any]) -> tuple[Deployment, list[str]]:
    """What stands under a name, and the names of all deployments."""
    from modelpack.deployments.verbs import get, list_deployments

    listed = list_deployments(target=target, options=options)
    return get(name, target=target, options=options), [each.name for each in listed]


def meet_and_deploy(meeting: str, model: str, target: str, name: str, options: Mapping[str, Any]) -> str:
    """Wait in a directory until another process is there too, and deploy.

    Returns:
        Nothing for a success, or the code of the error.
    """
    import os
    import time
    from pathlib import Path

    import modelpack
    from modelpack.errors import DeployError

    plan(model, target, name, options)  # imports what is needed
    Path(meeting, str(os.getpid())).touch()
    while len(list(Path(meeting).iterdir())) < 2:  # noqa: PLR2004 - both are there
        time.sleep(0.001)
    try:
        modelpack.deploy(model, target=target, name=name, options=options)
    except DeployError as error:
        return error.code
    return ""


def deploy_and_die(model: str, target: str, name: str, options: Mapping[str, Any], number: int) -> None:
    """Deploy, and end the process at a line of progress, the first being 1, without any cleaning up."""
    import os

    import modelpack

    told: list[str] = []

    def progress(line: str) -> None:
        told.append(line)
        if len(told) == number:
            os._exit(KILLED)

    modelpack.deploy(model, target=target, name=name, options=options, progress=progress)


def run_local(model: str, target: str, options: Mapping[str, Any], port: int) -> int:
    """Serve a model until the process is told to stop."""
    from modelpack.deployments.verbs import run_local as run

    return run(model, target=target, options=options, port=port, progress=print)

"""The log of a deployment's container, which Azure gives by its last lines."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from modelpack.errors import DeployError
from modelpack_deploy_azureml.failures import read_log

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelpack.deployments.records import LogQuery
    from modelpack_deploy_azureml.survey import Standing
    from modelpack_deploy_azureml.workspace import Workspace

PAUSE = 2.0
"""Seconds between two looks at a log that is followed."""

_WINDOW = 1000
"""How many lines are looked at to find those that are new."""


def lines(workspace: Workspace, standing: Standing, query: LogQuery) -> Iterator[str]:
    """The last lines of the deployment that was asked for last, and with `follow` those that come.

    Raises:
        DeployError: There is no deployment behind the endpoint yet (`not_deployed`).
    """
    name = standing.endpoint["name"]
    deployment = standing.wanted or standing.serving
    if deployment is None:
        raise DeployError(f"there is no deployment behind the endpoint {name} yet", code="not_deployed")
    seen = read_log(workspace, name, deployment["name"], max(query.lines, _WINDOW) if query.follow else query.lines)
    yield from seen[-query.lines :] if query.lines else ()
    while query.follow:
        time.sleep(PAUSE)
        now = read_log(workspace, name, deployment["name"], _WINDOW)
        yield from new_lines(seen, now)
        seen = now


def new_lines(before: list[str], now: list[str]) -> list[str]:
    """What has come between two looks at the end of a log: what follows the longest end of the first in the second."""
    for length in range(min(len(before), len(now)), 0, -1):
        if before[-length:] == now[:length]:
            return now[length:]
    return now

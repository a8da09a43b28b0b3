"""Waiting until a change has settled, asking less and less often."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from modelpack.errors import DeployError

if TYPE_CHECKING:
    from collections.abc import Callable

    from modelpack.deployments.records import Deployment

FIRST_PAUSE = 0.2
LONGEST_PAUSE = 10.0
GROWTH = 1.5
UNREACHABLE_IN_A_ROW = 5
"""How often the platform may not answer before waiting is given up."""


def wait_until(
    settled: Callable[[Deployment], bool],
    look: Callable[[], Deployment],
    *,
    timeout: float,
    progress: Callable[[str], None],
) -> Deployment:
    """Look at a deployment until it has settled.

    Args:
        settled: Whether waiting is over.
        look: Answers the deployment as it is now.
        timeout: Seconds.
        progress: Called with a line whenever the deployment is in another state than before, or says another reason.

    Raises:
        DeployError: It had not settled in time (`timeout`), or the platform did not answer several times in a row.
    """
    deadline = time.monotonic() + timeout
    pause, unreachable, told = FIRST_PAUSE, 0, ""
    while True:
        try:
            deployment = look()
        except DeployError as error:
            unreachable += 1
            if error.code != "unreachable" or unreachable >= UNREACHABLE_IN_A_ROW:
                raise
            line = f"{error.message}; trying again"
        else:
            unreachable = 0
            if settled(deployment):
                return deployment
            line = described(deployment)
        if line != told:
            progress(line)
            told = line
        if time.monotonic() + pause > deadline:
            raise _too_late(line, timeout)
        time.sleep(pause)
        pause = min(pause * GROWTH, LONGEST_PAUSE)


def described(deployment: Deployment) -> str:
    """A deployment's state in a line."""
    reason = f": {deployment.reason}" if deployment.reason else ""
    return f"{deployment.name} is {deployment.state}{reason}"


def _too_late(line: str, timeout: float) -> DeployError:
    return DeployError(
        f"{line}, and had not settled after {timeout:g} s",
        code="timeout",
        hint="the change may go on: `modelpack deployments get` shows it, and the same command again waits on",
    )

"""Waiting until a change has settled, asking less and less often."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol, TypeVar

from modelpack.errors import DeployError

if TYPE_CHECKING:
    from collections.abc import Callable

FIRST_PAUSE = 0.2
LONGEST_PAUSE = 10.0
GROWTH = 1.5
UNREACHABLE_IN_A_ROW = 5
"""How often the platform may not answer before waiting is given up."""


class Standing(Protocol):
    """What has a state at a platform: a deployment or a batch job."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def state(self) -> str:
        """Where it stands."""

    @property
    def reason(self) -> str | None:
        """Why it stands there, in the platform's words."""


StandingT = TypeVar("StandingT", bound=Standing)


def wait_until(
    settled: Callable[[StandingT], bool],
    look: Callable[[], StandingT],
    *,
    timeout: float,
    progress: Callable[[str], None],
    verb: str = "get",
) -> StandingT:
    """Look at a deployment or a batch job until it has settled.

    Args:
        settled: Whether waiting is over.
        look: Answers it as it is now.
        timeout: Seconds.
        progress: Called with a line whenever it is in another state than before, or says another reason.
        verb: The command of `modelpack deployments` that shows it, for the hint.

    Raises:
        DeployError: It had not settled in time (`timeout`), or the platform did not answer several times in a row.
    """
    deadline = time.monotonic() + timeout
    pause, unreachable, told = FIRST_PAUSE, 0, ""
    while True:
        try:
            standing = look()
        except DeployError as error:
            unreachable += 1
            if error.code != "unreachable" or unreachable >= UNREACHABLE_IN_A_ROW:
                raise
            line = f"{error.message}; trying again"
        else:
            unreachable = 0
            if settled(standing):
                return standing
            line = described(standing)
        if line != told:
            progress(line)
            told = line
        if time.monotonic() + pause > deadline:
            raise _too_late(line, timeout, verb)
        time.sleep(pause)
        pause = min(pause * GROWTH, LONGEST_PAUSE)


def described(standing: Standing) -> str:
    """A deployment's or a job's state in a line."""
    reason = f": {standing.reason}" if standing.reason else ""
    return f"{standing.name} is {standing.state}{reason}"


def _too_late(line: str, timeout: float, verb: str) -> DeployError:
    return DeployError(
        f"{line}, and had not settled after {timeout:g} s",
        code="timeout",
        hint=f"it may go on: `modelpack deployments {verb}` shows it, and the same command again waits on",
    )

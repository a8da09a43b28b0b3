"""Following an apply by what it tells, and stopping it there."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any

from modelpack.hookspecs import hookimpl
from modelpack.plugins.discovery import WRAPPERS
from modelpack.plugins.manager import PluginManager

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

_POINT = EntryPoint("conformance-observer", f"{__name__}:wrapper", WRAPPERS)


class ApplyWrapper:
    """Stands round every apply, and knows whether one is going on."""

    def __init__(self) -> None:
        """Nothing is going on."""
        self.applying = False

    @hookimpl(wrapper=True)
    def modelpack_deploy(self) -> Generator[None, Any, Any]:
        """Note when it begins and when it ends."""
        self.applying = True
        try:
            return (yield)
        finally:
            self.applying = False


class Follower:
    """Follows one deployment: what the target tells while it applies, apart from what core tells while it waits.

    Attributes:
        plugins: The manager to deploy with.
        told: The lines of the target.
    """

    def __init__(self) -> None:
        """Nothing was told."""
        self.plugins = PluginManager(entry_points=_with_wrapper)
        self.told: list[str] = []

    def progress(self, line: str) -> None:
        """Hear a line."""
        if wrapper.applying:
            self.told.append(line)


class Stopper:
    """Interrupts a deployment when it tells its n-th line, as Ctrl-C would.

    Attributes:
        stopped: Whether it came to that.
    """

    def __init__(self, number: int) -> None:
        """Wait for the line of that number, the first being 1."""
        self.stopped = False
        self._left = number

    def progress(self, line: str) -> None:  # noqa: ARG002 - whatever it says
        """Hear a line."""
        self._left -= 1
        if self._left == 0:
            self.stopped = True
            raise KeyboardInterrupt


def _with_wrapper(group: str) -> Iterable[EntryPoint]:
    return [*entry_points(group=group), *[_POINT] * (group == WRAPPERS)]


wrapper = ApplyWrapper()

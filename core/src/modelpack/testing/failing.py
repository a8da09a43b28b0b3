"""A wrapper that lets every save fail after the flavor has written its files."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any

from modelpack.errors import ModelpackError
from modelpack.hookspecs import hookimpl
from modelpack.plugins.discovery import WRAPPERS
from modelpack.plugins.manager import PluginManager

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

_POINT = EntryPoint("conformance-failure", f"{__name__}:wrapper", WRAPPERS)


class FailingWrapper:
    """Fails after every save."""

    @hookimpl(wrapper=True)
    def modelpack_save_model(self) -> Generator[None, Any, Any]:
        """Let the flavor write, and fail."""
        yield
        raise ModelpackError("the conformance kit lets this save fail")


def failing_manager() -> PluginManager:
    """A manager of the environment in which every save fails half-way."""
    return PluginManager(entry_points=_with_failure)


def _with_failure(group: str) -> Iterable[EntryPoint]:
    return [*entry_points(group=group), *[_POINT] * (group == WRAPPERS)]


wrapper = FailingWrapper()

"""The conformance kits: inherit `FlavorTests` or `TargetTests`, and a plugin is tested for what all of its kind do.

Needs `pip install "modelpack-core[testing]"`. Names are imported when they are first used, so that the programs which
the kit starts load neither pytest nor pandas before they need them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modelpack.testing.cases import FlavorCase as FlavorCase
    from modelpack.testing.cases import RecordedModel as RecordedModel
    from modelpack.testing.flavor import FlavorTests as FlavorTests
    from modelpack.testing.interpreter import run_python as run_python
    from modelpack.testing.target import TargetTests as TargetTests

_MODULES = {
    "FlavorCase": "cases",
    "FlavorTests": "flavor",
    "RecordedModel": "cases",
    "TargetTests": "target",
    "run_python": "interpreter",
}

__all__ = ["FlavorCase", "FlavorTests", "RecordedModel", "TargetTests", "run_python"]

_CHECKS = {
    "FlavorTests": (
        "distribution",
        "plugin",
        "saving",
        "conf",
        "loading",
        "damage",
        "predicting",
        "input",
        "serving",
    ),
    "TargetTests": (
        "distribution",
        "target_plugin",
        "target_serving",
        "target_option",
        "target_planning",
        "target_creating",
        "target_updating",
        "target_failing",
        "target_listing",
        "target_deleting",
        "target_verb",
        "target_secret",
        "target_concurrency",
        "target_interruption",
    ),
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'modelpack.testing' has no attribute {name!r}")
    if name in _CHECKS:
        _explain_assertions(*_CHECKS[name])
    value = getattr(import_module(f"modelpack.testing.{_MODULES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)


def _explain_assertions(*parts: str) -> None:
    """Let pytest show the values in a failed assertion of the kit, as it does in test modules."""
    import sys

    import pytest

    names = [f"{__name__}.{part}_checks" for part in parts]
    pytest.register_assert_rewrite(*(name for name in names if name not in sys.modules))

"""Checks of a plugin's distribution and of the test class itself, for flavors and targets alike."""

from __future__ import annotations

from importlib import metadata
from typing import TYPE_CHECKING, ClassVar

import pytest

if TYPE_CHECKING:
    from collections.abc import Collection

    from modelpack.plugins.discovery import PluginRecord

HEAVY = frozenset({"numpy", "pandas", "pyarrow", "scipy"})
LICENCE = frozenset({"License", "License-Expression"})


class DistributionChecks:
    """What a plugin is as a distribution."""

    library: ClassVar[str | None] = None

    @pytest.fixture
    def plugin_record(self) -> PluginRecord:
        """What is known of the valid plugin; a skip where it is not valid."""
        raise NotImplementedError

    @pytest.fixture
    def imported_modules(self) -> Collection[str]:
        """The top-level modules that importing the plugin imports, and core does not."""
        raise NotImplementedError

    def test_no_check_is_overridden(self) -> None:
        """Every check of the kit runs as it is.

        If this fails: rename your test. A check that cannot hold is declared as a capability (`supports_params`,
        `invokes`, …), or overridden under `@pytest.mark.xfail(reason=…)`, which shows in the report.
        """
        replaced = [
            f"{kind.__qualname__}.{name}"
            for kind in type(self).__mro__
            if not kind.__module__.startswith("modelpack.testing.")
            for name, value in vars(kind).items()
            if name.startswith("test_") and _is_standard(type(self), name)
            if not _has_reason(value)
        ]
        assert not replaced, f"standard checks are overridden: {', '.join(replaced)}"

    def test_distribution_says_what_it_is(self, plugin_record: PluginRecord) -> None:
        """The distribution of the plugin has a summary and a licence, and requires `modelpack-core`.

        If this fails: complete `[project]` in `pyproject.toml`: `description`, `license`, `dependencies`; then install
        the plugin again.
        """
        from packaging.requirements import Requirement
        from packaging.utils import canonicalize_name

        distribution = metadata.distribution(plugin_record.distribution)
        told = distribution.metadata
        licence = [
            *LICENCE & set(told),
            *(line for line in told.get_all("Classifier", []) if line.startswith("License")),
        ]
        assert "Summary" in told, f"{told['Name']} has no summary"
        assert licence, f"{told['Name']} has no licence"
        required = {canonicalize_name(Requirement(line).name) for line in distribution.requires or ()}
        assert "modelpack-core" in required, f"{told['Name']} requires {', '.join(sorted(required)) or 'nothing'}"

    def test_plugin_imports_no_library(self, imported_modules: Collection[str]) -> None:
        """Finding and checking a plugin costs milliseconds.

        If this fails: import the library, NumPy and pandas inside the methods, and types under `TYPE_CHECKING`.
        """
        unwanted = set(imported_modules) & (HEAVY | {str(self.library).partition(".")[0]})
        assert not unwanted, f"importing the plugin imports {', '.join(sorted(unwanted))}"


def _is_standard(suite: type, name: str) -> bool:
    return any(name in vars(kind) for kind in suite.__mro__ if kind.__module__.startswith("modelpack.testing."))


def _has_reason(test: object) -> bool:
    marks = getattr(test, "pytestmark", [])
    return any(mark.name == "xfail" and mark.kwargs.get("reason") for mark in marks)

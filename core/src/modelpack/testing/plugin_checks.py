"""Checks of the plugin as an installed distribution."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from modelpack.testing.distribution_checks import DistributionChecks
from modelpack.testing.skips import declared, needed
from modelpack.testing.suite import Suite

if TYPE_CHECKING:
    from collections.abc import Collection

    from modelpack.plugins.discovery import PluginRecord
    from modelpack.testing.cases import FlavorCase
    from modelpack.testing.workbench import Workbench

VALID = "test_plugin_is_valid"


class PluginChecks(DistributionChecks, Suite):
    """What the plugin is before it has anything to do."""

    @pytest.fixture
    def plugin_record(self, workbench: Workbench) -> PluginRecord:
        """What is known of the valid plugin."""
        flavor = needed(lambda: workbench.flavor, VALID)
        return workbench.manager.record_of(flavor)

    @pytest.fixture
    def imported_modules(self, workbench: Workbench) -> Collection[str]:
        """What importing the plugin imports."""
        needed(lambda: workbench.flavor, VALID)
        imported: Collection[str] = workbench.plugin_report()["imported"]
        return imported

    def test_declares_cases(self) -> None:
        """There is something to check.

        If this fails: give the class `flavor` and `cases`, at least one `FlavorCase`, each with a name of its own.
        """
        names = [case.name for case in self.cases]
        assert names, "the class has no cases"
        assert len(set(names)) == len(names), f"two cases share a name: {names}"

    def test_plugin_is_valid(self, workbench: Workbench) -> None:
        """The entry point leads to an object with the flavor's name and every hook.

        If this fails: read the message; usual causes are a forgotten `@hookimpl`, a class in place of an instance, a
        misspelt argument, an entry point that is not reinstalled since `pyproject.toml` was changed.
        """
        assert workbench.flavor.name == self.flavor

    def test_flavor_is_found_from_the_model(self, workbench: Workbench, case: FlavorCase) -> None:
        """`save_model(model, path)` needs no `flavor=`.

        If this fails: declare your library's module in the entry-point group `modelpack.model_modules`, with the same
        value as in `modelpack.flavors`; or set `detects_models = False`.
        """
        declared(self.detects_models, "detects_models")
        needed(lambda: workbench.flavor, VALID)
        assert workbench.manager.find_flavor(workbench.model(case)) == self.flavor

    def test_facts_need_no_library(self, workbench: Workbench) -> None:
        """What a model's conf says is told where the library is not installed: by `modelpack inspect`, by servers.

        If this fails: let `executes_code` and `requirements` judge by the conf alone, without importing the library.
        """
        declared(self.library is not None, "library")
        needed(lambda: workbench.saved(self.cases[0]), "test_saves_a_valid_model")
        raised, text = workbench.plugin_report()["facts"]
        assert raised == "nothing", f"raised {raised}: {text}"

    def test_missing_library_is_named(self, workbench: Workbench) -> None:
        """Where the library is not installed, the error says so and how to install it.

        If this fails: import the library in the hook and let `ModuleNotFoundError` pass, or raise
        `MissingDependencyError` with the library's name and a hint with the pip line.
        """
        declared(self.library is not None, "library")
        needed(lambda: workbench.saved(self.cases[0]), "test_saves_a_valid_model")
        report = workbench.plugin_report()
        if report["facts"][0] != "nothing":
            pytest.skip("not reached: test_facts_need_no_library tells why")
        raised, text = report["missing"]
        assert raised == "MissingDependencyError", f"raised {raised}: {text}"
        assert "pip install" in text, f"the error has no pip line: {text}"
        assert any(name in text for name in (self.library, self.distribution) if name), text

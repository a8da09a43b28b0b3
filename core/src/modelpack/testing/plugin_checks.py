"""Checks of the plugin as an installed distribution."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from modelpack.testing.suite import Suite, declared, needed

if TYPE_CHECKING:
    from modelpack.testing.cases import FlavorCase
    from modelpack.testing.workbench import Workbench

LICENCE = frozenset({"License", "License-Expression"})
HEAVY = frozenset({"numpy", "pandas", "pyarrow", "scipy"})


class PluginChecks(Suite):
    """What the plugin is before it has anything to do."""

    def test_declares_cases(self) -> None:
        """There is something to check.

        If this fails: give the class `flavor` and `cases`, at least one `FlavorCase`, each with a name of its own.
        """
        names = [case.name for case in self.cases]
        assert names, "the class has no cases"
        assert len(set(names)) == len(names), f"two cases share a name: {names}"

    def test_no_check_is_overridden(self) -> None:
        """Every check of the kit runs as it is.

        If this fails: rename your test. A check that cannot hold is declared as a capability (`supports_params`,
        `deterministic`, …), or overridden under `@pytest.mark.xfail(reason=…)`, which shows in the report.
        """
        replaced = [
            f"{kind.__qualname__}.{name}"
            for kind in type(self).__mro__
            if not kind.__module__.startswith("modelpack.testing.")
            for name, value in vars(kind).items()
            if name.startswith("test_") and hasattr(PluginChecks, name) | _is_standard(type(self), name)
            if not _has_reason(value)
        ]
        assert not replaced, f"standard checks are overridden: {', '.join(replaced)}"

    def test_plugin_is_valid(self, workbench: Workbench) -> None:
        """The entry point leads to an object with the flavor's name and every hook.

        If this fails: read the message; usual causes are a forgotten `@hookimpl`, a class in place of an instance, a
        misspelt argument, an entry point that is not reinstalled since `pyproject.toml` was changed.
        """
        assert workbench.flavor.name == self.flavor

    def test_distribution_says_what_it_is(self, workbench: Workbench) -> None:
        """The distribution of the plugin has a summary and a licence, and requires `modelpack-core`.

        If this fails: complete `[project]` in `pyproject.toml`: `description`, `license`, `dependencies`; then install
        the plugin again.
        """
        from importlib import metadata

        from packaging.requirements import Requirement
        from packaging.utils import canonicalize_name

        flavor = needed(lambda: workbench.flavor, "test_plugin_is_valid")
        distribution = metadata.distribution(workbench.manager.record_of(flavor).distribution)
        told = distribution.metadata
        licence = [
            *LICENCE & set(told),
            *(line for line in told.get_all("Classifier", []) if line.startswith("License")),
        ]
        assert "Summary" in told, f"{told['Name']} has no summary"
        assert licence, f"{told['Name']} has no licence"
        required = {canonicalize_name(Requirement(line).name) for line in distribution.requires or ()}
        assert "modelpack-core" in required, f"{told['Name']} requires {', '.join(sorted(required)) or 'nothing'}"

    def test_plugin_imports_no_library(self, workbench: Workbench) -> None:
        """Finding and checking a plugin costs milliseconds.

        If this fails: import the library, NumPy and pandas inside the hooks, and types under `TYPE_CHECKING`.
        """
        needed(lambda: workbench.flavor, "test_plugin_is_valid")
        unwanted = set(workbench.plugin_report()["imported"]) & (HEAVY | {str(self.library).partition(".")[0]})
        assert not unwanted, f"importing the plugin imports {', '.join(sorted(unwanted))}"

    def test_flavor_is_found_from_the_model(self, workbench: Workbench, case: FlavorCase) -> None:
        """`save_model(model, path)` needs no `flavor=`.

        If this fails: declare your library's module in the entry-point group `modelpack.model_modules`, with the same
        value as in `modelpack.flavors`; or set `detects_models = False`.
        """
        declared(self.detects_models, "detects_models")
        needed(lambda: workbench.flavor, "test_plugin_is_valid")
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


def _is_standard(suite: type, name: str) -> bool:
    return any(name in vars(kind) for kind in suite.__mro__ if kind.__module__.startswith("modelpack.testing."))


def _has_reason(test: object) -> bool:
    marks = getattr(test, "pytestmark", [])
    return any(mark.name == "xfail" and mark.kwargs.get("reason") for mark in marks)

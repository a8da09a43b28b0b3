"""Checks of the plugin as an installed distribution, and of what the test class says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from modelpack.testing.distribution_checks import DistributionChecks
from modelpack.testing.interpreter import pickled, run_python
from modelpack.testing.probes import imported_by_target
from modelpack.testing.target_suite import VALID, TargetSuite, shared

if TYPE_CHECKING:
    from collections.abc import Collection

    from modelpack.plugins.discovery import PluginRecord
    from modelpack.testing.target_bench import Bench


class TargetPluginChecks(DistributionChecks, TargetSuite):
    """What the plugin is before it has anything to do."""

    @pytest.fixture
    def plugin_record(self, bench: Bench) -> PluginRecord:
        """What is known of the valid plugin."""
        self.needs(bench, VALID)
        return bench.manager.record_of(bench.target)

    @pytest.fixture
    def imported_modules(self, bench: Bench) -> Collection[str]:
        """What importing the plugin imports."""
        self.needs(bench, VALID)
        imported: list[str] = run_python(imported_by_target, self.target)
        return imported

    @shared
    def test_target_is_valid(self, bench: Bench) -> None:
        """The entry point of the distribution leads to an object with the target's name and every verb.

        If this fails: read the message; usual causes are a forgotten `@hookimpl`, a class in place of an instance, a
        misspelt argument, an entry point that is not reinstalled since `pyproject.toml` was changed.
        """
        assert bench.target.name == self.target
        assert bench.manager.record_of(bench.target).distribution == self.distribution

    def test_harness_sees_the_place(self, bench: Bench) -> None:
        """The test class says where to deploy, what stands there, and puts something there of somebody else.

        If this fails: the fault is in the test class. Its `options` are plain values that another process can be given,
        its `footprint` answers the same while nothing happens, and shows what `foreign` puts there while it is there.
        """
        pickled(bench.options)
        before = bench.footprint()
        assert bench.footprint() == before, "two footprints differ, and nothing has happened in between"
        with self.foreign(bench.options) as name:
            assert bench.footprint() > before, f"the footprint does not show the foreign {name!r}"
        assert bench.footprint() == before, f"the foreign {name!r} is not taken away"

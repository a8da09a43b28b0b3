"""Checks of deployments that fail at the platform."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelpack.errors import DeployError
from modelpack.testing.target_serving_checks import assert_serves
from modelpack.testing.target_suite import DELETE, FAILED, UPDATE, TargetSuite, shared

if TYPE_CHECKING:
    from collections import Counter

    from modelpack.testing.target_bench import Bench


class TargetFailingChecks(TargetSuite):
    """What is left of a failure."""

    @shared
    def test_failures_have_a_code(self, bench: Bench) -> None:
        """A deployment that fails ends with an error: `failed` when nothing serves, `rolled_back` when the old does.

        If this fails: let `get` answer the state `failed`, or `ready` with the revision that serves, so that core can
        tell; or raise the `DeployError` yourself. Success is answered when the platform's health check has passed.
        """
        self.needs(bench, UPDATE)
        assert self._failure(bench, bench.name()).code == "failed"
        updated = bench.name()
        bench.deploy(updated)
        assert self._failure(bench, updated).code == "rolled_back"

    def test_failures_say_why(self, bench: Bench) -> None:
        """The error holds what the platform said, or the end of the log.

        If this fails: put the platform's reason into `Deployment.reason` or the `DeployError`; where it has none worth
        reading, the last lines of the deployment's log.
        """
        self.needs(bench, FAILED)
        updated = bench.name()
        bench.deploy(updated)
        for name in (bench.name(), updated):
            error = self._failure(bench, name)
            assert self.failure in error.message, f"the error does not say {self.failure!r}: {error.message}"

    def test_failed_create_leaves_nothing_behind(self, bench: Bench) -> None:
        """What a failed first deployment has made is gone, or is named in the error and goes with `delete`.

        If this fails: remove what was made when a later step fails; name in `left_behind` what is kept on purpose.
        """
        self.needs(bench, FAILED, DELETE)
        name, before = bench.name(), bench.footprint()
        error = self._failure(bench, name)
        left = bench.footprint() - before
        assert left.total() <= len(error.left_behind), f"left behind is {sorted(left)}; named {error.left_behind}"
        bench.delete(name)
        assert bench.footprint() == before, f"what a failed deployment made is not deleted: {_more(bench, before)}"
        assert bench.get(name).state == "absent"

    def test_failed_create_can_be_repeated(self, bench: Bench) -> None:
        """After a failed first deployment another model is deployed under the name, without a delete before.

        If this fails: plan to replace what failed.
        """
        self.needs(bench, FAILED)
        name = bench.name()
        self._failure(bench, name)
        bench.deploy(name, "second")
        assert_serves(bench, name, "second")

    def test_failed_update_leaves_the_old_one(self, bench: Bench) -> None:
        """After a failed update the deployment before serves on, and nothing else is there.

        If this fails: touch the old one when the new one is healthy, and remove the new one when it is not.
        """
        self.needs(bench, FAILED)
        name = bench.name()
        deployed = bench.deploy(name)
        before = bench.footprint()
        self._failure(bench, name)
        found = bench.get(name)
        assert (found.state, found.digest, found.revision) == ("ready", deployed.digest, deployed.revision)
        assert_serves(bench, name, "first")
        assert bench.footprint() == before, f"a failed update has left behind {_more(bench, before)}"

    def test_failed_update_can_be_repeated(self, bench: Bench) -> None:
        """After a failed update another model is deployed, and deleting leaves nothing of any of them.

        If this fails: plan from what serves, not from what was wished last; find everything by the deployment's name.
        """
        self.needs(bench, FAILED, DELETE)
        name, before = bench.name(), bench.footprint()
        bench.deploy(name)
        self._failure(bench, name)
        bench.deploy(name, "second")
        assert_serves(bench, name, "second")
        bench.delete(name)
        assert bench.footprint() == before, f"what a failed update made is not deleted: {_more(bench, before)}"

    def _failure(self, bench: Bench, name: str) -> DeployError:
        """The error of a deployment that fails at the platform."""
        with self.failing_update(bench.options):
            try:
                bench.deploy(name, "broken")
            except DeployError as error:
                return error
        raise AssertionError("a deployment that fails at the platform was answered as a success")


def _more(bench: Bench, before: Counter[str]) -> str:
    """What stands there that did not before."""
    return ", ".join(sorted(bench.footprint() - before))

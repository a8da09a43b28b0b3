"""Checks of deleting."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelpack.testing.target_serving_checks import assert_serves
from modelpack.testing.target_suite import DELETE, UPDATE, TargetSuite, shared

if TYPE_CHECKING:
    from modelpack.testing.target_bench import Bench


class TargetDeletingChecks(TargetSuite):
    """What a delete leaves."""

    @shared
    def test_delete_removes_everything(self, bench: Bench) -> None:
        """After a delete there stands what stood before the deployment, and the deployment is absent.

        If this fails: remove everything that was made for the deployment and its updates, by a mark with its name.
        """
        self.needs(bench, UPDATE)
        standing = bench.standing()
        name, before = bench.name(), bench.footprint()
        bench.deploy(name)
        bench.deploy(name, "second")
        bench.delete(name)
        assert bench.get(name).state == "absent"
        left = sorted(bench.footprint() - before)
        assert bench.footprint() == before, f"left behind: {', '.join(left)}" if left else "more was deleted"
        assert bench.get(standing.name) == standing, "another deployment is not as it was"

    def test_second_delete_succeeds(self, bench: Bench) -> None:
        """Deleting what is absent has nothing to do, and is no error.

        If this fails: take the platform's "not found" for success.
        """
        self.needs(bench, DELETE)
        before, name = bench.footprint(), bench.name()
        bench.delete(name)
        bench.deploy(name)
        bench.delete(name)
        bench.delete(name)
        assert bench.footprint() == before

    def test_deleted_name_is_free(self, bench: Bench) -> None:
        """Under a name that was deleted another model can be deployed.

        If this fails: answer the state `deleting` from `get` until the platform has forgotten the name.
        """
        self.needs(bench, DELETE)
        name = bench.name()
        bench.deploy(name)
        bench.delete(name)
        bench.deploy(name, "second")
        assert_serves(bench, name, "second")

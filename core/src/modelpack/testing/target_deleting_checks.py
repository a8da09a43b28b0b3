"""Checks of deleting."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelpack.testing.skips import needed
from modelpack.testing.target_planning_checks import CREATE
from modelpack.testing.target_plugin_checks import VALID
from modelpack.testing.target_serving_checks import assert_serves
from modelpack.testing.target_suite import TargetSuite
from modelpack.testing.target_updating_checks import UPDATE

if TYPE_CHECKING:
    from modelpack.testing.target_bench import Bench

DELETE = "test_delete_removes_everything"


class TargetDeletingChecks(TargetSuite):
    """What a delete leaves."""

    def test_delete_removes_everything(self, bench: Bench) -> None:
        """After a delete there stands what stood before the deployment, and the deployment is absent.

        If this fails: remove everything that was made for the deployment and its updates, by a mark with its name.
        """
        standing = needed(bench.standing, CREATE)
        name, before = bench.name(), bench.footprint()
        needed(lambda: bench.deploy(name), CREATE)
        needed(lambda: bench.deploy(name, "second"), UPDATE)
        bench.delete(name)
        assert bench.get(name).state == "absent"
        left = sorted(bench.footprint() - before)
        assert bench.footprint() == before, f"left behind: {', '.join(left)}" if left else "more was deleted"
        assert bench.get(standing.name) == standing, "another deployment is not as it was"

    def test_second_delete_succeeds(self, bench: Bench) -> None:
        """Deleting what is absent has nothing to do, and is no error.

        If this fails: take the platform's "not found" for success.
        """
        needed(lambda: bench.target, VALID)
        before, name = bench.footprint(), bench.name()
        bench.delete(name)
        needed(lambda: bench.deploy(name), CREATE)
        needed(lambda: bench.delete(name), DELETE)
        bench.delete(name)
        assert bench.footprint() == before

    def test_deleted_name_is_free(self, bench: Bench) -> None:
        """Under a name that was deleted another model can be deployed.

        If this fails: answer the state `deleting` from `get` until the platform has forgotten the name.
        """
        needed(bench.standing, CREATE)
        name = bench.name()
        needed(lambda: bench.deploy(name), CREATE)
        needed(lambda: bench.delete(name), DELETE)
        bench.deploy(name, "second")
        assert_serves(bench, name, "second")

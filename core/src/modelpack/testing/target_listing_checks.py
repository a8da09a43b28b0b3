"""Checks of looking: what stands, what does not, and what is not ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from modelpack.errors import DeployError
from modelpack.testing.target_suite import CREATE, DELETE, LIST, VALID, TargetSuite, shared

if TYPE_CHECKING:
    from modelpack.testing.target_bench import Bench

REFUSED = frozenset({"rejected", "conflict"})


class TargetListingChecks(TargetSuite):
    """What looking shows."""

    def test_absent_is_a_state(self, bench: Bench) -> None:
        """Where nothing stands, `get` answers a deployment in the state `absent`, and raises nothing.

        If this fails: turn the platform's "not found" into `Deployment(name=name, state="absent")`.
        """
        self.needs(bench, VALID)
        found = bench.get(bench.name())
        assert found.state == "absent"
        assert (found.endpoint, found.digest, found.revision) == (None, None, None), f"something absent has {found}"

    @shared
    def test_list_shows_what_stands(self, bench: Bench) -> None:
        """The list has every deployment once, as `get` answers it.

        If this fails: make the entries of the list by the same function as the answer of `get`.
        """
        self.needs(bench, CREATE, DELETE)
        standing, name = bench.standing(), bench.name()
        bench.deploy(name, "second")
        listed = bench.listed()
        assert {standing.name, name} <= set(listed), f"the list has {sorted(listed)}"
        assert listed[name] == bench.get(name)
        bench.delete(name)
        assert name not in bench.listed(), "the list has what was deleted"

    def test_list_shows_ours_only(self, bench: Bench) -> None:
        """What somebody else has put there is no deployment of ours: not in the list, and absent to `get`.

        If this fails: mark what modelpack makes (a label, a tag, a file), and look for the mark.
        """
        self.needs(bench, CREATE)
        with self.foreign(bench.options) as name:
            assert name not in bench.listed(), f"the list has {name!r}, which modelpack did not make"
            assert bench.get(name).state == "absent", f"{name!r} is taken for a deployment"

    def test_what_is_not_ours_is_left_alone(self, bench: Bench) -> None:
        """Deploying under a name that somebody else uses is refused, deleting it does nothing.

        If this fails: look for the mark before anything is replaced or removed; refuse the name in `check`.
        """
        self.needs(bench, CREATE)
        with self.foreign(bench.options) as name:
            before = bench.footprint()
            with pytest.raises(DeployError) as raised:
                bench.deploy(name)
            assert raised.value.code in REFUSED, f"refused with the code {raised.value.code}: {raised.value}"
            bench.delete(name)
            assert bench.footprint() == before, "what somebody else has put there was changed"

    def test_list_goes_on_after_a_page(self, bench: Bench) -> None:
        """The list has all deployments, also those that the platform does not answer at once.

        If this fails: ask for the next page until there is none; libraries call it a paginator.
        """
        self.needs(bench, LIST)
        names = {bench.name() for _ in range(self.more_than_a_page)}
        for name in names:
            bench.deploy(name, wait=False)
        missing = names - set(bench.listed())
        assert not missing, f"{len(missing)} of {len(names)} deployments are not in the list"

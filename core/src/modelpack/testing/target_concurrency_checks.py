"""Checks of several people deploying under one name at the same time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING

from modelpack.errors import DeployError
from modelpack.testing.skips import declared
from modelpack.testing.target_probes import meet_and_deploy
from modelpack.testing.target_serving_checks import assert_serves
from modelpack.testing.target_suite import CLEAN_UPDATE, TargetSuite

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable

    from modelpack.testing.target_bench import Bench

LOST = frozenset({"conflict", "rolled_back"})
"""What the slower of two may be told: another change goes on, or came after it, maybe back to what was there before."""
MODELS = ("first", "second")


class TargetConcurrencyChecks(TargetSuite):
    """What comes of two deployments at once."""

    def test_threads_that_deploy_at_once(self, bench: Bench) -> None:
        """Two threads deploy two models under one name: one of them stands, whole, and nothing else; then once more.

        If this fails: let the platform decide who is first (a conditional request, a lock, a rename), and raise
        `DeployError` with the code `conflict` for the other one.
        """
        name, before, fresh = self._prepared(bench)
        for _ in range(2):
            barrier = Barrier(2)

            def deploy(model: str, barrier: Barrier = barrier) -> str:
                barrier.wait(self.patience)
                return _outcome(lambda: bench.deploy(name, model))

            with ThreadPoolExecutor(2) as pool:
                outcomes = list(pool.map(deploy, MODELS))
            self._assert_one_stands(bench, name, outcomes, bench.footprint() - before, fresh)

    def test_processes_that_deploy_at_once(self, bench: Bench) -> None:
        """The same with two processes, which share no lock in memory.

        If this fails: as for threads; what two processes agree on is kept at the platform.
        """
        declared(self.has_other_processes, "has_other_processes")
        name, before, fresh = self._prepared(bench)
        meeting = bench.new_directory("meeting")

        def deploy(model: str) -> str:
            arguments = (str(meeting), str(bench.model(model).path), self.target, name, bench.options)
            outcome: str = bench.elsewhere(meet_and_deploy, *arguments, timeout=self.patience + 60)
            return outcome

        with ThreadPoolExecutor(2) as pool:
            outcomes = list(pool.map(deploy, MODELS))
        self._assert_one_stands(bench, name, outcomes, bench.footprint() - before, fresh)

    def _prepared(self, bench: Bench) -> tuple[str, Counter[str], int]:
        """A name, what stands before, and how much more stands with one deployment."""
        self.needs(bench, CLEAN_UPDATE)
        before = bench.footprint()
        bench.deploy(bench.name())
        after = bench.footprint()
        return bench.name(), after, (after - before).total()

    def _assert_one_stands(self, bench: Bench, name: str, outcomes: list[str], there: Counter[str], fresh: int) -> None:
        assert set(outcomes) <= {"", *LOST}, f"told was {outcomes}"
        assert "" in outcomes, f"neither has succeeded: {outcomes}"
        assert_serves(bench, name, *MODELS)
        assert there.total() == fresh, f"one deployment needs {fresh} things, and there are {sorted(there)}"


def _outcome(deploy: Callable[[], object]) -> str:
    """Nothing for a success, or the code of the error."""
    try:
        deploy()
    except DeployError as error:
        return error.code
    return ""

"""Checks of deployments that are stopped half-way: by Ctrl-C, and by the end of the process."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from modelpack.errors import DeployError
from modelpack.testing.interpreter import InterpreterError
from modelpack.testing.skips import declared
from modelpack.testing.target_observing import Stopper
from modelpack.testing.target_probes import KILLED, deploy_and_die
from modelpack.testing.target_serving_checks import assert_answers, assert_nothing_left_to_do, assert_serves
from modelpack.testing.target_suite import (
    CREATE,
    DELETE,
    INTERRUPTED_CREATE,
    INTERRUPTED_UPDATE,
    UPDATE,
    TargetSuite,
    shared,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from modelpack.testing.target_bench import Bench

    Stop = Callable[[Bench, str, str, int], bool]

MOST_LINES = 100


class TargetInterruptionChecks(TargetSuite):
    """What comes of a deployment that was stopped, at each line of its progress in turn."""

    @shared
    def test_interrupted_create_goes_on(self, bench: Bench) -> None:
        """After Ctrl-C the same command again leads to what it would have led to at once.

        If this fails: let an exception of `context.progress` pass, and plan from what stands: a thing that is there
        already is not made again, and not in the way.
        """
        self._check_creates(bench, _interrupt)

    def test_killed_create_goes_on(self, bench: Bench) -> None:
        """After the process was killed the same command again leads to what it would have led to at once.

        If this fails: keep no state in the process; find what an earlier apply has left by its name or mark.
        """
        declared(self.has_other_processes, "has_other_processes")
        self.needs(bench, INTERRUPTED_CREATE)
        self._check_creates(bench, _kill)

    @shared
    def test_interrupted_update_goes_on(self, bench: Bench) -> None:
        """After Ctrl-C during an update one of the models serves, and the same command again leads to the new one.

        If this fails: touch the old deployment when the new one is healthy; remove the old one as the last step, and
        plan its removal as long as it is there.
        """
        self._check_updates(bench, _interrupt)

    def test_killed_update_goes_on(self, bench: Bench) -> None:
        """The same when the process was killed.

        If this fails: as for an interrupt; what has to happen in any case cannot stand in a `finally`.
        """
        declared(self.has_other_processes, "has_other_processes")
        self.needs(bench, INTERRUPTED_UPDATE)
        self._check_updates(bench, _kill)

    def test_interrupted_create_is_deleted(self, bench: Bench) -> None:
        """After Ctrl-C a delete removes what was made so far.

        If this fails: let `delete` find everything by the deployment's name, whether the deployment is complete or not.
        """
        self.needs(bench, INTERRUPTED_CREATE, DELETE)
        before = bench.footprint()
        for number in _numbers():
            name = bench.name()
            if not _interrupt(bench, name, "first", number):
                break
            bench.delete(name)
            left = sorted(bench.footprint() - before)
            assert not left, f"stopped at line {number} and deleted, and there is still {', '.join(left)}"

    def _check_creates(self, bench: Bench, stop: Stop) -> None:
        self.needs(bench, CREATE)
        before = bench.footprint()
        bench.deploy(bench.name())
        there = (bench.footprint() - before).total()
        for number in _numbers():
            name, before = bench.name(), bench.footprint()
            if not stop(bench, name, "first", number):
                break
            self._assert_goes_on(bench, name, "first")
            more = bench.footprint() - before
            assert more.total() == there, f"stopped at line {number}, there is {sorted(more)} where {there} would do"
            bench.delete(name)

    def _check_updates(self, bench: Bench, stop: Stop) -> None:
        self.needs(bench, UPDATE)
        before, name = bench.footprint(), bench.name()
        for model in ("second", "first"):
            bench.deploy(name, model)
        there = (bench.footprint() - before).total()
        for number in _numbers():
            old, new = ("first", "second") if number % 2 else ("second", "first")
            if not stop(bench, name, new, number):
                break
            if self.serves_throughout:
                assert_answers(bench, name, old, new)
            self._assert_goes_on(bench, name, new)
            more = bench.footprint() - before
            assert more.total() == there, f"stopped at line {number}, there is {sorted(more)} where {there} would do"

    def _assert_goes_on(self, bench: Bench, name: str, model: str) -> None:
        bench.deploy(name, model)
        assert_serves(bench, name, model)
        assert_nothing_left_to_do(bench, name, model)


def _numbers() -> Iterator[int]:
    for number in count(1):
        assert number <= MOST_LINES, f"a deployment tells more than {MOST_LINES} lines"
        yield number


def _interrupt(bench: Bench, name: str, model: str, number: int) -> bool:
    """Stop a deployment at a line of its progress, as Ctrl-C does; answer whether it came to that."""
    stopper = Stopper(number)
    try:
        bench.deploy(name, model, progress=stopper.progress)
    except KeyboardInterrupt:
        return True
    except DeployError:
        if not stopper.stopped:
            raise
        return True
    assert not stopper.stopped, "the target goes on when the caller wants to stop"
    return False


def _kill(bench: Bench, name: str, model: str, number: int) -> bool:
    """End the process of a deployment at a line of its progress; answer whether it came to that."""
    arguments = (str(bench.model(model).path), bench.suite.target, name, bench.options, number)
    try:
        bench.elsewhere(deploy_and_die, *arguments, timeout=bench.suite.patience + 60)
    except InterpreterError as error:
        if error.code != KILLED:
            raise
        return True
    return False

"""Checks of deploying another model, or the same with other options, under a name that stands."""

from __future__ import annotations

from contextlib import contextmanager
from threading import Event, Thread
from typing import TYPE_CHECKING

from modelpack.testing.skips import applicable, declared, needed
from modelpack.testing.target_creating_checks import ANSWER
from modelpack.testing.target_planning_checks import CREATE
from modelpack.testing.target_serving_checks import assert_serves
from modelpack.testing.target_suite import TargetSuite

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelpack.testing.target_bench import Bench

UPDATE = "test_update_serves_the_new_model"


class TargetUpdatingChecks(TargetSuite):
    """What an update does."""

    def test_update_serves_the_new_model(self, bench: Bench) -> None:
        """After another model was deployed under the name, it is the one that stands and answers.

        If this fails: the message is that of `modelpack.deploy`; or the deployment before was kept, with its digest.
        """
        needed(bench.standing, CREATE)
        name = bench.name()
        bench.deploy(name)
        deployed = bench.deploy(name, "second")
        assert (deployed.state, deployed.digest) == ("ready", bench.model("second").digest)
        assert bench.get(name) == deployed
        assert not bench.plan(name, "second").steps
        assert_serves(bench, name, "second")

    def test_update_leaves_nothing_behind(self, bench: Bench) -> None:
        """Of the model before nothing is left: after an update there stands as much as after a first deployment.

        If this fails: remove what the deployment before needed (its model, image, configuration) as the last step.
        """
        needed(bench.standing, CREATE)
        name, before = bench.name(), bench.footprint()
        needed(lambda: bench.deploy(name, "second"), CREATE)
        fresh = bench.footprint() - before
        bench.delete(name)
        needed(lambda: bench.deploy(name), CREATE)
        needed(lambda: bench.deploy(name, "second"), UPDATE)
        after = bench.footprint() - before
        assert after.total() == fresh.total(), f"there stands {sorted(after)}; deployed at once {sorted(fresh)}"

    def test_changed_option_is_an_update(self, bench: Bench) -> None:
        """The same model with another option is planned and applied.

        If this fails: let the revision depend on every option that changes what stands, by `revision_of`.
        """
        changed = self._changed(bench)
        name = bench.name()
        before = needed(lambda: bench.deploy(name), CREATE)
        observed = self.observed(bench.options, name)
        plan = bench.plan(name, options=changed)
        assert plan.steps, "nothing is planned"
        after = bench.deploy(name, options=changed)
        assert after.revision == plan.revision != before.revision
        assert not bench.plan(name, options=changed).steps
        assert not observed or self.observed(bench.options, name) != observed, "the platform's settings are the same"

    def test_update_keeps_the_options(self, bench: Bench) -> None:
        """Another model with the same options keeps what the options decide.

        If this fails: send every setting with an update too; what is left out falls back to the platform's default.
        """
        changed = self._changed(bench)
        name = bench.name()
        needed(lambda: bench.deploy(name, options=changed), "test_changed_option_is_an_update")
        observed = self.observed(bench.options, name)
        needed(lambda: bench.deploy(name, "second", options=changed), UPDATE)
        assert self.observed(bench.options, name) == observed, "the platform's settings were lost"
        assert not bench.plan(name, "second", changed).steps
        assert bench.plan(name, "second").steps, "with the options of before, nothing is planned"

    def test_requests_are_answered_during_an_update(self, bench: Bench) -> None:
        """While a deployment is updated, every request is answered, by the model before or by the new one.

        If this fails: let the new one be healthy before requests go to it, and end the old one after that; or set
        `serves_throughout = False` where the platform cannot.
        """
        declared(self.invokes, "invokes")
        declared(self.serves_throughout, "serves_throughout")
        name = bench.name()
        needed(lambda: bench.deploy(name), CREATE)
        needed(lambda: bench.answers(name), ANSWER)
        with _asked_all_the_time(bench, name) as answers:
            needed(lambda: bench.deploy(name, "second"), UPDATE)
        known = [bench.model("first").answers, bench.model("second").answers]
        assert all(answer in known for answer in answers), next(answer for answer in answers if answer not in known)

    def _changed(self, bench: Bench) -> dict[str, object]:
        changed = self.changed_options(bench.options)
        applicable(changed is not None, "changed_options names no option that changes what stands")
        needed(bench.standing, CREATE)
        return dict(changed or {})


@contextmanager
def _asked_all_the_time(bench: Bench, name: str) -> Iterator[list[object]]:
    """Send one request after the other, and note every answer, or the error that came in its place."""
    answers: list[object] = []
    ended = Event()

    def ask() -> None:
        while not ended.is_set():
            try:
                answers.append(bench.answers(name))
            except Exception as error:  # noqa: BLE001 - to be reported
                answers.append(error)

    asking = Thread(target=ask)
    asking.start()
    try:
        yield answers
    finally:
        ended.set()
        asking.join()

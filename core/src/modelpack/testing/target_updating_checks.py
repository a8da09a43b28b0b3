"""Checks of deploying another model, or the same with other options, under a name that stands."""

from __future__ import annotations

from contextlib import contextmanager
from threading import Event, Thread
from typing import TYPE_CHECKING

from modelpack.testing.skips import applicable, declared
from modelpack.testing.target_serving_checks import assert_nothing_left_to_do, assert_serves
from modelpack.testing.target_suite import ANSWER, CHANGED_OPTION, CREATE, UPDATE, TargetSuite, shared

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelpack.testing.target_bench import Bench


class TargetUpdatingChecks(TargetSuite):
    """What an update does."""

    @shared
    def test_update_serves_the_new_model(self, bench: Bench) -> None:
        """After another model was deployed under the name, it is the one that stands and answers.

        If this fails: the message is that of `modelpack.deploy`; or the deployment before was kept, with its digest.
        """
        self.needs(bench, CREATE)
        name = bench.name()
        bench.deploy(name)
        deployed = bench.deploy(name, "second")
        assert (deployed.state, deployed.digest) == ("ready", bench.model("second").digest)
        assert bench.get(name) == deployed
        assert_serves(bench, name, "second")
        assert_nothing_left_to_do(bench, name, "second")

    @shared
    def test_update_leaves_nothing_behind(self, bench: Bench) -> None:
        """Of the model before nothing is left: after an update there stands as much as after a first deployment.

        If this fails: remove what the deployment before needed (its model, image, configuration) as the last step.
        """
        self.needs(bench, UPDATE)
        before = bench.footprint()
        bench.deploy(bench.name(), "second")
        fresh = bench.footprint() - before
        name = bench.name()
        bench.deploy(name)
        bench.deploy(name, "second")
        updated = bench.footprint() - before - fresh
        assert updated.total() == fresh.total(), f"there stands {sorted(updated)}; deployed at once {sorted(fresh)}"

    @shared
    def test_changed_option_is_an_update(self, bench: Bench) -> None:
        """The same model with another option is planned and applied.

        If this fails: let the revision depend on every option that changes what stands, by `revision_of`.
        """
        self.needs(bench, UPDATE)
        changed = self._changed(bench)
        name = bench.name()
        before = bench.deploy(name)
        observed = self.observed(bench.options, name)
        plan = bench.plan(name, options=changed)
        assert plan.steps, "nothing is planned"
        after = bench.deploy(name, options=changed)
        assert after.revision == plan.revision != before.revision
        assert_nothing_left_to_do(bench, name, "first", changed)
        assert not observed or self.observed(bench.options, name) != observed, "the platform's settings are the same"

    def test_update_keeps_the_options(self, bench: Bench) -> None:
        """Another model with the same options keeps what the options decide.

        If this fails: send every setting with an update too; what is left out falls back to the platform's default.
        """
        self.needs(bench, UPDATE, CHANGED_OPTION)
        changed = self._changed(bench)
        name = bench.name()
        bench.deploy(name, options=changed)
        observed = self.observed(bench.options, name)
        bench.deploy(name, "second", options=changed)
        assert self.observed(bench.options, name) == observed, "the platform's settings were lost"
        assert_nothing_left_to_do(bench, name, "second", changed)
        assert bench.plan(name, "second").steps, "with the options of before, nothing is planned"

    def test_requests_are_answered_during_an_update(self, bench: Bench) -> None:
        """While a deployment is updated, every request is answered, by the model before or by the new one.

        If this fails: let the new one be healthy before requests go to it, and end the old one after that; or set
        `serves_throughout = False` where the platform cannot.
        """
        declared(self.invokes, "invokes")
        declared(self.serves_throughout, "serves_throughout")
        self.needs(bench, ANSWER, UPDATE)
        name = bench.name()
        bench.deploy(name)
        with _asked_all_the_time(bench, name) as answers:
            bench.deploy(name, "second")
        known = [bench.model("first").answers, bench.model("second").answers]
        assert all(answer in known for answer in answers), next(answer for answer in answers if answer not in known)

    def _changed(self, bench: Bench) -> dict[str, object]:
        changed = self.changed_options(bench.options)
        applicable(changed is not None, "changed_options names no option that changes what stands")
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

"""Checks of the dry run: what a plan says, and that planning changes nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from modelpack.errors import DeployError, ModelpackError
from modelpack.testing.skips import declared
from modelpack.testing.target_probes import plan as plan_elsewhere
from modelpack.testing.target_suite import CREATE, DELETE, PLAN, VALID, TargetSuite, shared
from modelpack.testing.watching import changed_files, files_written

if TYPE_CHECKING:
    from modelpack.deployments.records import Plan
    from modelpack.testing.target_bench import Bench


class TargetPlanningChecks(TargetSuite):
    """What a dry run tells."""

    @shared
    def test_plan_of_a_create(self, bench: Bench) -> None:
        """The plan for a new name has steps that say what would be made, and the revision that they lead to.

        If this fails: answer a `Step` for each thing that applying makes, without `before`, details as plain values;
        and `revision_of(request.digest, settings)` as the plan's revision.
        """
        self.needs(bench, VALID)
        plan = bench.plan(bench.name())
        _assert_plain(plan)
        assert not any(step.before for step in plan.steps), f"nothing stands there before: {plan}"

    def test_plan_of_an_update(self, bench: Bench) -> None:
        """The plan for another model says what stands now and what would stand then.

        If this fails: put into `Step.before` those of the step's details that stand now with another value, such as the
        digest; and let the revision depend on the model.
        """
        self.needs(bench, CREATE, PLAN)
        standing = bench.standing()
        plan = bench.plan(standing.name, "second")
        _assert_plain(plan)
        assert plan.revision != standing.revision, "the plan for another model has the revision of this one"
        changes = [step for step in plan.steps if step.before]
        assert changes, f"no step says what stands now: {plan}"
        for step in changes:
            same = [key for key, value in step.before.items() if step.details.get(key, value) == value]
            assert not same, f"{step.action} {step.resource} says that {', '.join(same)} would change, and does not"

    def test_plans_are_equal(self, bench: Bench) -> None:
        """The same request gives the same plan, whenever and by whom it is asked.

        If this fails: keep times, random names and the order of sets out of the plan; it is computed from the request
        and from what stands.
        """
        self.needs(bench, PLAN)
        name = bench.name()
        plan = bench.plan(name)
        assert bench.plan(name) == plan
        if self.has_other_processes:
            elsewhere = bench.elsewhere(
                plan_elsewhere, str(bench.model("first").path), self.target, name, bench.options
            )
            assert elsewhere == plan, "another process plans something else"

    def test_planning_touches_nothing(self, bench: Bench) -> None:
        """A dry run, of a create, an update or nothing, changes nothing at the platform and writes no file.

        If this fails: let `check` and `plan` only look. What they need of the model they read; what has to be made for
        it (an archive, an image, a bucket) is made by `modelpack_deploy`, as one of its steps.
        """
        self.needs(bench, CREATE, PLAN)
        standing, name = bench.standing(), bench.name()
        before, changes = bench.footprint(), self.changes(bench.options)
        watched = changed_files(str(bench.working_directory)), changed_files(str(bench.model("second").path))
        with watched[0] as here, watched[1] as there, files_written(str(bench.root)) as written:
            for planned, model in ((name, "first"), (standing.name, "second"), (standing.name, "first")):
                bench.plan(planned, model)
        assert bench.footprint() == before, "planning has changed what stands at the platform"
        assert self.changes(bench.options) == changes, "planning has sent requests that change something"
        assert not written, f"planning has written {', '.join(written)}"
        assert not here, f"planning has written into the working directory: {', '.join(here)}"
        assert not there, f"planning has changed the model directory: {', '.join(there)}"
        assert bench.get(name).state == "absent", "what was only planned is there"

    def test_names_work_or_are_refused(self, bench: Bench) -> None:
        """Names that the platform does not take are refused by the dry run, and the others work.

        If this fails: answer an error from `check` for a name that the platform would refuse later, or let two names
        that core tells apart lead to two deployments.
        """
        self.needs(bench, CREATE, DELETE)
        base = bench.name()
        taken = []
        for name in (base, f"{base}_a", f"{base}.a", f"{base}-a", f"Kit-{base}", base.ljust(63, "z")):
            refusal = _refusal(bench, bench.known(name))
            if refusal is None:
                assert bench.deploy(name, wait=False).name == name
                taken.append(name)
            else:
                assert isinstance(refusal, DeployError), f"{name} is refused by {refusal!r}"
                assert refusal.code == "rejected", f"{name} is refused with the code {refusal.code}: {refusal}"
        while taken:
            bench.delete(taken.pop())
            gone = [name for name in taken if bench.get(name).state == "absent"]
            assert not gone, f"{', '.join(gone)} went with another deployment"

    def test_refused_names_are_refused(self, bench: Bench) -> None:
        """The names in `refused_names` are refused before anything is changed, with a hint.

        If this fails: answer an error with a hint from `check`.
        """
        declared(bool(self.refused_names), "refused_names")
        self.needs(bench, CREATE)
        before = bench.footprint()
        for name in self.refused_names:
            with pytest.raises(DeployError) as raised:
                bench.deploy(bench.known(name))
            assert raised.value.code == "rejected", f"{name}: {raised.value.code}"
            assert name in raised.value.message, f"the error does not show {name!r}: {raised.value}"
            assert raised.value.hint, f"the error has no hint: {raised.value}"
        assert bench.footprint() == before


def _assert_plain(plan: Plan) -> None:
    """A plan has steps and a revision, and can be shown as JSON."""
    assert plan.steps, "the plan has no steps"
    assert plan.revision, "the plan has no revision"
    for step in plan.steps:
        assert step.action, f"a step says not what it does: {step}"
        assert step.resource, f"a step says not to what: {step}"
        json.dumps([step.details, step.before])  # plain values
    json.dumps(plan.permissions)


def _refusal(bench: Bench, name: str) -> ModelpackError | None:
    try:
        bench.plan(name)
    except ModelpackError as error:
        return error
    return None

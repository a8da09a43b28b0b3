"""Checks of a first deployment."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

from modelpack.testing.skips import declared
from modelpack.testing.target_observing import Follower
from modelpack.testing.target_probes import look
from modelpack.testing.target_suite import ANSWER, CREATE, PLAN, VALID, TargetSuite, shared
from modelpack.testing.watching import changed_files

if TYPE_CHECKING:
    from modelpack.testing.target_bench import Bench


class TargetCreatingChecks(TargetSuite):
    """What stands after a first deployment."""

    @shared
    def test_create_is_ready(self, bench: Bench) -> None:
        """A deployed model is ready, with its digest and the revision of the plan, and `get` says the same.

        If this fails: the message is that of `modelpack.deploy`. Let `get` answer what the platform says, with the
        digest and the revision that were recorded there (in a label, a tag, a file) when it was deployed.
        """
        self.needs(bench, VALID)
        deployed = bench.standing()
        model = bench.model("first")
        assert deployed.state == "ready"
        assert deployed.digest == model.digest, f"the digest is {deployed.digest}, and the model's {model.digest}"
        assert deployed.reason is None, f"all went well, and there is a reason: {deployed.reason}"
        assert not self.invokes or deployed.endpoint, "there is no endpoint, and the target says that it answers"
        json.dumps(deployed.details)  # plain values
        assert bench.get(deployed.name) == deployed

    @shared
    def test_answers_as_the_model(self, bench: Bench) -> None:
        """The deployment answers what the model predicts.

        If this fails: send the invocation's body and content type as they are to the scoring server's `/invocations`.
        """
        declared(self.invokes, "invokes")
        self.needs(bench, CREATE)
        standing = bench.standing()
        answer = bench.invoke(standing.name)
        assert answer.content_type.startswith("application/json"), f"the answer's type is {answer.content_type}"
        assert bench.answers(standing.name) == bench.model("first").answers

    @shared
    def test_replan_is_empty(self, bench: Bench) -> None:
        """Deploying what stands already plans nothing and changes nothing.

        If this fails: compare what is wished with what is recorded at the platform, by the revision; and answer a plan
        without steps, with the revision.
        """
        self.needs(bench, CREATE)
        standing = bench.standing()
        before, plan = bench.footprint(), bench.plan(standing.name)
        assert not plan.steps, f"the plan has steps: {plan.steps}"
        assert plan.revision == standing.revision, f"the plan leads to {plan.revision}, and {standing.revision} stands"
        assert bench.deploy(standing.name) == standing
        assert bench.footprint() == before

    def test_progress_is_told(self, bench: Bench) -> None:
        """Applying tells one line for each step at least; without it, nobody can follow or stop.

        If this fails: call `context.progress` with a line after each step that was taken.
        """
        self.needs(bench, CREATE, PLAN)
        name = bench.name()
        steps = bench.plan(name).steps
        follower = Follower()
        bench.deploy(name, plugins=follower.plugins, progress=follower.progress)
        assert len(follower.told) >= len(steps), f"{len(steps)} steps, and told was {follower.told}"
        for line in follower.told:
            assert line.strip(), "an empty line was told"
            assert len(line.splitlines()) == 1, f"told was more than a line: {line!r}"

    def test_deploying_leaves_the_caller_alone(self, bench: Bench) -> None:
        """Deploying writes nothing into the model directory, and nothing where the program happens to run.

        If this fails: copy the model to where it is to be changed or built; use `tempfile` for what is needed in
        between.
        """
        self.needs(bench, CREATE)
        path = str(bench.model("first").path)
        with changed_files(path) as model, changed_files(str(bench.working_directory)) as here:
            bench.deploy(bench.name())
        assert not model, f"deploying has changed the model directory: {', '.join(model)}"
        assert not here, f"deploying has written into the working directory: {', '.join(here)}"

    def test_deployment_outlives_the_model_directory(self, bench: Bench) -> None:
        """What was deployed serves on when the caller's model directory is gone.

        If this fails: the deployment refers to `request.model_path`; copy or upload what is there.
        """
        declared(self.invokes, "invokes")
        self.needs(bench, ANSWER)
        path, name = bench.root / "passing", bench.name()
        shutil.copytree(bench.model("first").path, path)
        bench.deploy(name, path=path)
        shutil.rmtree(path)
        assert bench.answers(name) == bench.model("first").answers

    def test_another_process_sees_the_same(self, bench: Bench) -> None:
        """What stands is known to the platform, not to the process that deployed it.

        If this fails: keep nothing in the target object, in its module or in files of this process; record what `get`
        has to know at the platform.
        """
        declared(self.has_other_processes, "has_other_processes")
        self.needs(bench, CREATE)
        standing = bench.standing()
        found, listed = bench.elsewhere(look, self.target, standing.name, bench.options)
        assert found == bench.get(standing.name)
        assert listed == sorted(bench.listed()), "another process lists other deployments"

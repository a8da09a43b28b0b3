"""A target made for tests: a directory with a record for each deployment, whose changes take time as one wishes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, SecretStr

from modelpack import DeployContext, LocalRunContext, PluginOptions, Target, hookimpl
from modelpack.deployments.records import (
    BatchJob,
    BatchRequest,
    Deployment,
    DeployRequest,
    Finding,
    Invocation,
    InvocationAnswer,
    LogQuery,
    Plan,
    Step,
    Variant,
    revision_of,
)
from modelpack.errors import DeployError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


class Machine(PluginOptions):
    """What each deployment gets."""

    memory: Annotated[str, Field(description="How much memory.")] = "1g"
    labels: Annotated[dict[str, int] | None, Field(description="Whatever.")] = None


class DepotOptions(PluginOptions):
    """Where the depot is, and how it behaves."""

    directory: Annotated[Path, Field(description="Where the records lie.")]
    size: Annotated[int, Field(description="How many machines.", ge=1, le=9)] = 1
    motto: Annotated[str | None, Field(description="A sentence.")] = None
    token: Annotated[SecretStr | None, Field(description="What opens the door.")] = None
    machine: Annotated[Machine, Field(description="Each machine.", default_factory=Machine)]
    course: Annotated[tuple[str, ...], Field(description="The states before the outcome, one a look.")] = ()
    outcome: Annotated[Literal["ready", "failed", "rolled_back"], Field(description="What becomes of it.")] = "ready"
    stumbles: Annotated[int, Field(description="How many looks do not reach the depot.")] = 0
    raises: Annotated[Literal["", "rejected", "bug"], Field(description="What applying raises.")] = ""


class DepotTarget(Target[DepotOptions]):
    """Keeps records of what it was asked."""

    name = "depot"
    options_type = DepotOptions

    def check(self, request: DeployRequest[DepotOptions]) -> Iterator[Finding]:
        """Names of four letters and more; large depots are dear."""
        if len(request.name) < 4:
            yield Finding(level="error", message=f"the name {request.name} is too short", hint="four letters")
        if request.options.size > 5:
            yield Finding(level="warning", message=f"{request.options.size} machines are dear")

    def plan(self, request: DeployRequest[DepotOptions]) -> Plan:
        """Compare the revisions."""
        revision = revision_of(request.digest, {"size": request.options.size})
        standing = _record(request.name, request.options)
        if standing.get("revision") == revision:
            return Plan(revision=revision)
        details = {"size": request.options.size, "digest": request.digest}
        before = {key: standing[key] for key in details if key in standing}
        action = "update" if standing else "create"
        return Plan((Step(action, f"record/{request.name}", details, before),), revision, ("depot:Write",))

    @hookimpl
    def modelpack_deploy(self, context: DeployContext[DepotOptions]) -> Deployment:
        """Write the record."""
        request, options = context.request, context.request.options
        if options.raises == "rejected":
            raise DeployError("the depot is full", code="failed", left_behind=("record/half",), hint="empty it")
        if options.raises == "bug":
            raise RuntimeError("out of paper")
        standing = _record(request.name, options)
        asked = {"digest": request.digest, "revision": context.plan.revision}
        record: dict[str, Any] = {
            **({key: standing[key] for key in asked} if options.outcome == "rolled_back" else asked),
            "size": options.size,
            "course": list(options.course),
            "stumbles": 0,
            "outcome": "ready" if options.outcome == "rolled_back" else options.outcome,
            "reason": None if options.outcome == "ready" else "the paper tore",
        }
        options.directory.mkdir(parents=True, exist_ok=True)
        _write(request.name, options, record)
        context.progress(f"wrote record/{request.name}")
        accepted = self.get(request.name, options)
        _write(request.name, options, _record(request.name, options) | {"stumbles": options.stumbles})
        return accepted

    def get(self, name: str, options: DepotOptions) -> Deployment:
        """Each look takes the record one state further."""
        record = _record(name, options)
        if not record:
            return Deployment(name=name, state="absent")
        if record["stumbles"]:
            _write(name, options, record | {"stumbles": record["stumbles"] - 1})
            raise DeployError("the depot does not answer", code="unreachable")
        course: list[Any] = [*record["course"], record["outcome"]]
        state = course[0]
        _write(name, options, record | {"course": course[1:-1]})
        if state == "gone":
            _file(name, options).unlink()
            return Deployment(name=name, state="absent")
        return Deployment(
            name=name,
            state=state,
            endpoint="http://depot",
            digest=record["digest"],
            revision=record["revision"],
            reason=record["reason"],
            variants=(Variant(name="only", traffic=100.0),),
            details={"size": record["size"]},
        )

    def finish(self, context: DeployContext[DepotOptions], deployment: Deployment) -> Deployment:
        """Tell that it is done, where somebody wants to know."""
        if context.request.options.motto == "well done":
            context.progress("finished")
        return deployment

    def roll_back(self, context: DeployContext[DepotOptions]) -> Deployment:
        """Throw a failed record away, unless the depot shall forget to."""
        request = context.request
        context.progress("looking back")
        if request.options.motto != "never look back" and request.options.outcome == "failed":
            _file(request.name, request.options).unlink()
            context.progress(f"removed record/{request.name}")
        return self.get(request.name, request.options)

    def list(self, options: DepotOptions) -> Sequence[Deployment]:
        """All records, newest name first."""
        return [self.get(file.stem, options) for file in sorted(options.directory.glob("*.json"), reverse=True)]

    def delete(self, name: str, options: DepotOptions) -> None:
        """Takes two looks."""
        record = _record(name, options)
        if record:
            _write(name, options, record | {"course": ["deleting", "gone"]})

    def invoke(self, name: str, invocation: Invocation, options: DepotOptions) -> InvocationAnswer:
        """The body again."""
        if not _record(name, options):
            raise DeployError(f"nothing is deployed as {name}", code="not_deployed")
        return InvocationAnswer(body=invocation.body.upper(), content_type=invocation.accept or invocation.content_type)

    def logs(self, name: str, query: LogQuery, options: DepotOptions) -> Iterator[str]:
        """Numbered lines."""
        yield from (f"{name} {number} of {options.size}" for number in range(query.lines))

    def set_traffic(self, name: str, traffic: Mapping[str, float], options: DepotOptions) -> Deployment:
        """Whatever is asked."""
        variants = tuple(Variant(name=variant, traffic=share) for variant, share in traffic.items())
        return Deployment(name=name, state="ready", variants=variants, details={"size": options.size})

    def submit_batch(self, request: BatchRequest[DepotOptions]) -> BatchJob:
        """Note what was asked; a job goes the same course as a deployment."""
        options = request.options
        if not _record(f"job-{request.name}", options):
            options.directory.mkdir(parents=True, exist_ok=True)
            asked = f"{request.digest} {request.input} {request.content_type} {request.accept}"
            record = {"course": list(options.course), "outcome": options.outcome, "output": request.output}
            _write(f"job-{request.name}", options, {**record, "asked": asked})
        return BatchJob(name=request.name, state="running", output=request.output)

    def get_batch(self, name: str, options: DepotOptions) -> BatchJob:
        """Each look takes the job one state further."""
        record = _record(f"job-{name}", options)
        if not record:
            return BatchJob(name=name, state="absent")
        course: list[Any] = [*record["course"], {"ready": "succeeded"}.get(record["outcome"], record["outcome"])]
        _write(f"job-{name}", options, record | {"course": course[1:-1]})
        reason = "a row is missing" if course[0] == "failed" else None
        return BatchJob(
            name=name, state=course[0], output=record["output"], reason=reason, details={"asked": record["asked"]}
        )

    def run_local(self, context: LocalRunContext[DepotOptions]) -> int:
        """For a moment."""
        context.progress(f"serving {context.request.digest} at {context.host}:{context.port}")
        return 3


def _file(name: str, options: DepotOptions) -> Path:
    return options.directory / f"{name}.json"


def _record(name: str, options: DepotOptions) -> dict[str, Any]:
    file = _file(name, options)
    record: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    return record


def _write(name: str, options: DepotOptions, record: Mapping[str, Any]) -> None:
    _file(name, options).write_text(json.dumps(record), encoding="utf-8")


target = DepotTarget()

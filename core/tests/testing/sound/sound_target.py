"""A sound target: it passes every check. Each broken target is this one with a single fault put in."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, SecretStr

from modelpack import PluginOptions, Target, hookimpl
from modelpack.deployments.records import (
    BatchJob,
    BatchRequest,
    Deployment,
    DeployRequest,
    Finding,
    Invocation,
    InvocationAnswer,
    Plan,
    Step,
    Variant,
    revision_of,
)
from modelpack.errors import DeployError

if TYPE_CHECKING:
    from soundhost import Host

    from modelpack import DeployContext
    from modelpack.contexts import LocalRunContext
    from modelpack.deployments.records import LogQuery
    from modelpack.errors import DeployErrorCode

log = logging.getLogger(__name__)
STATES = {"starting": "updating", "in service": "ready", "failed": "failed"}


class SoundOptions(PluginOptions):
    """What the target takes."""

    place: Annotated[Path, Field(description="where the host is")]
    note: Annotated[str, Field(description="what to write on the deployment")] = ""
    copies: Annotated[int, Field(description="how many copies to run")] = 1
    password: Annotated[SecretStr, Field(description="what the host asks for")] = SecretStr("")


class SoundTarget(Target[SoundOptions]):
    """Deploys to a soundhost."""

    name = "sound"
    options_type = SoundOptions

    def check(self, request: DeployRequest[SoundOptions]) -> Iterator[Finding]:
        """Names without a point, that nobody else has."""
        if "." in request.name:
            yield Finding(
                level="error", message=f"the host takes no {request.name!r}", hint="leave out the point in the name"
            )
        found = host(request.options).endpoint(request.name)
        if found and not ours(found):
            yield Finding(level="error", message=f"somebody else has {request.name!r}", hint="choose another name")

    def plan(self, request: DeployRequest[SoundOptions]) -> Plan:
        """The model, the endpoint, and what is not needed any more."""
        wished = settings_of(request)
        found = host(request.options).endpoint(request.name)
        models = host(request.options).models(request.name)
        steps = []
        if wished["model"] not in models:
            steps.append(Step("create", f"model/{wished['model']}", {"digest": request.digest}))
        if found is None:
            steps.append(Step("create", f"endpoint/{request.name}", wished))
        elif (found["wished"] if found["state"] == "starting" else found["serving"]) != wished:
            before = {key: value for key, value in (found["serving"] or {}).items() if wished.get(key) != value}
            steps.append(Step("update", f"endpoint/{request.name}", wished, before))
        steps += [Step("delete", f"model/{model}") for model in models if model != wished["model"]]
        return Plan(tuple(steps), revision=wished["tags"]["revision"])

    @hookimpl
    def modelpack_deploy(self, context: DeployContext[SoundOptions]) -> Deployment:
        """Take the steps, one deployer at a time."""
        request = context.request
        log.debug("deploying %s", request.name)
        with changing(request.name, request.options):
            for step in self.plan(request).steps:
                self._take(step, request)
                context.progress(f"{step.action} {step.resource}: done")
        return self.get(request.name, request.options)

    def _take(self, step: Step, request: DeployRequest[SoundOptions]) -> None:
        """Take one step."""
        at = host(request.options)
        kind, _, name = step.resource.partition("/")
        if step.action == "delete":
            at.delete_model(name)
        elif kind == "model":
            at.put_model(name, request.model_path)
        else:
            at.put_endpoint(name, settings_of(request))
            self._wait(request)

    def _wait(self, request: DeployRequest[SoundOptions]) -> None:
        """Wait until the host has settled, and remove what failed."""
        at, wished = host(request.options), settings_of(request)
        while (found := at.endpoint(request.name)) and found["state"] == "starting":
            time.sleep(0.02)
        if found is None or found["serving"] == wished:
            return
        if found["state"] == "failed":
            at.delete_endpoint(request.name)
        at.delete_model(wished["model"])
        code: DeployErrorCode = "failed" if found["state"] == "failed" else "rolled_back"
        raise DeployError(f"{request.name} could not be deployed: {found['reason']}", code=code)

    def get(self, name: str, options: SoundOptions) -> Deployment:
        """What the host says."""
        found = host(options).endpoint(name)
        if not found or not ours(found):
            return Deployment(name=name, state="absent")
        return deployment(name, found)

    def list(self, options: SoundOptions) -> Iterator[Deployment]:
        """All pages of the host's list."""
        after: str | None = ""
        while after is not None:
            names, after = host(options).endpoints(after)
            found = [self.get(name, options) for name in names]
            yield from (each for each in found if each.state != "absent")

    def delete(self, name: str, options: SoundOptions) -> None:
        """Delete the endpoint and all models of that name."""
        at = host(options)
        if self.get(name, options).state != "absent":
            at.delete_endpoint(name)
        for model in at.models(name):
            at.delete_model(model)

    def invoke(self, name: str, invocation: Invocation, options: SoundOptions) -> InvocationAnswer:
        """Pass the request on."""
        if self.get(name, options).state == "absent":
            raise DeployError(f"nothing is deployed as {name}", code="not_deployed")
        accept = invocation.accept or "application/json"
        status, body, told = host(options).invoke(name, invocation.body, invocation.content_type, accept)
        if status != 200:
            raise DeployError(f"{name} answered {status}: {body.decode()}", code="invocation_failed")
        return InvocationAnswer(body=body, content_type=told)

    def logs(self, name: str, query: LogQuery, options: SoundOptions) -> Iterator[str]:
        """The last lines."""
        if self.get(name, options).state == "absent":
            raise DeployError(f"nothing is deployed as {name}", code="not_deployed")
        yield from host(options).log(name)[-query.lines :]

    def set_traffic(self, name: str, traffic: Mapping[str, float], options: SoundOptions) -> Deployment:
        """Pass it on."""
        host(options).divide(name, traffic)
        return self.get(name, options)

    def export(self, request: DeployRequest[SoundOptions]) -> Mapping[str, str]:
        """The endpoint as JSON."""
        return {"endpoint.json": json.dumps({"name": request.name, **settings_of(request)}, indent=2)}

    def submit_batch(self, request: BatchRequest[SoundOptions]) -> BatchJob:
        """Let the host do it."""
        if self.get_batch(request.name, request.options).state == "absent":
            host(request.options).score(request.name, request.model_path, request.input, request.output)
        return self.get_batch(request.name, request.options)

    def get_batch(self, name: str, options: SoundOptions) -> BatchJob:
        """What the host remembers."""
        output = host(options).scored(name)
        return BatchJob(name=name, state="succeeded" if output else "absent", output=output)

    def run_local(self, context: LocalRunContext[SoundOptions]) -> int:
        """Serve as the host does."""
        from soundhost import serve

        return serve(context.request.model_path, (context.host, context.port), context.progress)


def host(options: SoundOptions) -> Host:
    """The host."""
    from soundhost import Host

    return Host(options.place)


def changing(name: str, options: SoundOptions) -> Any:
    """Be the only one who changes a deployment."""
    from contextlib import contextmanager

    from soundhost import HostError

    @contextmanager
    def alone() -> Iterator[None]:
        try:
            with host(options).changing(name):
                yield
        except HostError as error:
            raise DeployError(str(error), code="conflict") from error

    return alone()


def settings_of(request: DeployRequest[SoundOptions]) -> dict[str, Any]:
    """What the host is sent."""
    options = request.options
    revision = revision_of(request.digest, {"note": options.note, "copies": options.copies})
    return {
        "model": f"{request.name}.{revision}",
        "note": options.note,
        "copies": options.copies,
        "tags": {"made-by": "modelpack", "digest": request.digest, "revision": revision},
        "variants": {"main": 100.0},
    }


def ours(found: Mapping[str, Any]) -> bool:
    """Whether modelpack has made it."""
    return bool(found["tags"].get("made-by") == "modelpack")


def deployment(name: str, found: Mapping[str, Any]) -> Deployment:
    """The host's words in ours."""
    serving = found["serving"] or {"tags": {}, "variants": {}}
    return Deployment(
        name=name,
        state=STATES[found["state"]],  # type: ignore[arg-type]  # the table has states only
        endpoint=f"soundhost://{name}" if found["serving"] else None,
        digest=serving["tags"].get("digest"),
        revision=serving["tags"].get("revision"),
        reason=found["reason"],
        variants=tuple(Variant(name=variant, traffic=share) for variant, share in serving["variants"].items()),
        details={"note": serving.get("note"), "copies": serving.get("copies")},
    )


target = SoundTarget()

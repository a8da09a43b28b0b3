"""The target `local`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from modelpack.deployments.local.options import LocalOptions
from modelpack.deployments.records import Deployment, Finding, Plan, Step, revision_of
from modelpack.errors import DeployError
from modelpack.hookspecs import hookimpl
from modelpack.interfaces import Target

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelpack.contexts import DeployContext, LocalRunContext
    from modelpack.deployments.local.places import Place
    from modelpack.deployments.records import DeployRequest, Invocation, InvocationAnswer, LogQuery


class LocalTarget(Target[LocalOptions]):
    """Deploys models as server processes on this machine. Needs nothing but Python; POSIX only.

    A deployment has a keeper: a process that owns its public port, starts the scoring server, starts it again when it
    ends, and puts another in its place without dropping a request. Nothing supervises the keeper: when it is killed, or
    the machine is restarted, `get` says so, and deploying again goes on.
    """

    name = "local"
    options_type = LocalOptions

    def check(self, request: DeployRequest[LocalOptions]) -> Iterator[Finding]:
        """Whether this machine and these options will do."""
        if os.name != "posix":
            yield Finding(level="error", message="the target 'local' needs Linux, macOS or another POSIX system")
            return
        place = _place(request.name, request.options)
        if place.is_foreign():
            yield Finding(
                level="error",
                message=f"{place.directory} is there, and not made by modelpack",
                hint=f"choose another name than {request.name}, or another directory",
            )
        file = request.options.key_file
        if file is not None and not file.is_file():
            yield Finding(level="error", message=f"there is no file {file} with API keys")

    def plan(self, request: DeployRequest[LocalOptions]) -> Plan:
        """What would change."""
        settings = request.options.settings()
        revision = revision_of(request.digest, settings)
        standing = self.get(request.name, request.options)
        serving = _place(request.name, request.options).serving()
        same_secrets = serving is not None and serving.environment == request.options.environment()
        if standing.state == "ready" and standing.revision == revision and same_secrets:
            return Plan(revision=revision)
        wanted = {"digest": request.digest, **settings}
        before = {} if serving is None else {"digest": serving.digest, **serving.settings}
        changed = {key: before[key] for key, value in wanted.items() if key in before and before[key] != value}
        step = Step("create" if serving is None else "update", f"server/{request.name}", wanted, changed)
        return Plan((step,), revision=revision)

    @hookimpl
    def modelpack_deploy(self, context: DeployContext[LocalOptions]) -> Deployment:
        """Write down what shall stand; the keeper brings it about."""
        from modelpack.deployments.local.applying import apply

        request = context.request
        apply(_place(request.name, request.options), request, context.plan.revision, context.progress)
        return self.get(request.name, request.options)

    def get(self, name: str, options: LocalOptions) -> Deployment:
        """What stands, as the keeper has written it down and its lock bears out."""
        from modelpack.deployments.local.standing import standing

        return standing(name, _place(name, options))

    def list(self, options: LocalOptions) -> Iterator[Deployment]:
        """All deployments in the directory."""
        from modelpack.deployments.local.places import places

        return (self.get(place.directory.name, options) for place in places(options))

    def delete(self, name: str, options: LocalOptions) -> None:
        """End the processes, their requests being finished, and remove the files."""
        from modelpack.deployments.local.applying import remove
        from modelpack.deployments.local.places import remove_empty, root_of

        place = _place(name, options)
        wish = place.wish()
        remove(place, name, options.grace if wish is None else wish.grace)
        remove_empty(root_of(options), 1 if options.directory is not None else 2)

    def invoke(self, name: str, invocation: Invocation, options: LocalOptions) -> InvocationAnswer:
        """Send an invocation to the public port."""
        from modelpack.deployments.forwarding.invoking import invoke

        standing = self.get(name, options)
        if standing.endpoint is None:
            raise _not_deployed(standing)
        return invoke(standing.endpoint, invocation, _key(_place(name, options)))

    def logs(self, name: str, query: LogQuery, options: LocalOptions) -> Iterator[str]:
        """What the keeper and its servers have logged."""
        from modelpack.deployments.local.logs import read_log

        place = _place(name, options)
        if not place.log_file.is_file():
            raise _not_deployed(self.get(name, options))
        return read_log(place.log_file, query)

    def run_local(self, context: LocalRunContext[LocalOptions]) -> int:
        """Run the server in the foreground."""
        from modelpack.deployments.local.foreground import serve_in_foreground

        options = context.request.options
        return serve_in_foreground(context, options.server_arguments(), options.environment())


def _place(name: str, options: LocalOptions) -> Place:
    from modelpack.deployments.local.places import place_of

    return place_of(name, options)


def _key(place: Place) -> dict[str, str]:
    """The header with the key that the server asks for."""
    from pathlib import Path

    wish = place.wish()
    file = None if wish is None else wish.settings.get("key_file")
    if file is None:
        return {}
    key = next(iter(Path(file).read_text(encoding="utf-8").split()), "")
    return {"Authorization": f"Bearer {key}"}


def _not_deployed(deployment: Deployment) -> DeployError:
    because = "" if deployment.reason is None else f": {deployment.reason}"
    return DeployError(
        f"nothing is deployed as {deployment.name}{because}",
        code="not_deployed",
        hint="`modelpack deployments list --target local` shows what is",
    )


target = LocalTarget()

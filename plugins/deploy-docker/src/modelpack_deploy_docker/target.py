"""The target `docker`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelpack import Target, hookimpl
from modelpack.deployments.records import Deployment, Finding, Plan
from modelpack.errors import DeployError
from modelpack_deploy_docker.options import DockerOptions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelpack.contexts import DeployContext, LocalRunContext
    from modelpack.deployments.records import DeployRequest, Invocation, InvocationAnswer, LogQuery


class DockerTarget(Target[DockerOptions]):
    """Deploys models as containers, to a Docker engine or to podman's socket.

    A deployment has a forwarder, a container that owns the public port, and behind it one container for each replica.
    An update starts new ones, lets the forwarder hand requests to them when they are ready, and then removes the old.
    """

    name = "docker"
    options_type = DockerOptions

    def check(self, request: DeployRequest[DockerOptions]) -> Iterator[Finding]:
        """Whether the network can be, and whether the names of the containers are free."""
        from modelpack_deploy_docker.engine import engine
        from modelpack_deploy_docker.networks import PREDEFINED
        from modelpack_deploy_docker.survey import foreign_names

        network = request.options.network
        if network in PREDEFINED:
            yield Finding(
                level="error",
                message=f"on the network {network!r} containers do not find each other by name",
                hint="leave the option out, or make a network with `docker network create`",
            )
        with engine(request.options) as client:
            for name in foreign_names(client, request.name):
                yield Finding(
                    level="error",
                    message=f"there is a container {name}, and not made by modelpack",
                    hint=f"choose another name than {request.name}, or rename the container",
                )

    def plan(self, request: DeployRequest[DockerOptions]) -> Plan:
        """What would change."""
        from modelpack_deploy_docker.engine import engine
        from modelpack_deploy_docker.planning import plan

        with engine(request.options) as client:
            return plan(client, request)

    @hookimpl
    def modelpack_deploy(self, context: DeployContext[DockerOptions]) -> Deployment:
        """Bring it about; an engine does not do that by itself, so this returns when the new containers serve."""
        from modelpack_deploy_docker.applying import apply
        from modelpack_deploy_docker.engine import engine

        request = context.request
        with engine(request.options) as client:
            apply(client, request, context.progress)
        return self.get(request.name, request.options)

    def get(self, name: str, options: DockerOptions) -> Deployment:
        """What stands, by the containers' labels and what the forwarder was told."""
        from modelpack_deploy_docker.engine import engine, machine
        from modelpack_deploy_docker.standing import standing
        from modelpack_deploy_docker.survey import survey

        with engine(options) as client:
            return standing(survey(client, name), machine(options))

    def list(self, options: DockerOptions) -> Iterator[Deployment]:
        """All deployments, by the labels of containers."""
        from modelpack_deploy_docker.engine import engine, machine
        from modelpack_deploy_docker.standing import standing
        from modelpack_deploy_docker.survey import surveys

        with engine(options) as client:
            yield from (standing(found, machine(options)) for found in surveys(client))

    def delete(self, name: str, options: DockerOptions) -> None:
        """Remove containers, network and images."""
        from modelpack_deploy_docker.applying import changing, remove
        from modelpack_deploy_docker.engine import engine

        with engine(options) as client, changing(client, name):
            remove(client, name, options.grace)

    def invoke(self, name: str, invocation: Invocation, options: DockerOptions) -> InvocationAnswer:
        """Send an invocation to the public port."""
        from modelpack.deployments.forwarding.invoking import invoke

        standing = self.get(name, options)
        if standing.endpoint is None:
            raise _not_deployed(name)
        return invoke(standing.endpoint, invocation)

    def logs(self, name: str, query: LogQuery, options: DockerOptions) -> Iterator[str]:
        """The logs of all containers, merged."""
        from modelpack_deploy_docker.engine import engine
        from modelpack_deploy_docker.logs import merged

        if self.get(name, options).state == "absent":
            raise _not_deployed(name)
        with engine(options) as client:
            yield from merged(client, name, query)

    def run_local(self, context: LocalRunContext[DockerOptions]) -> int:
        """Run one container in the foreground."""
        from modelpack_deploy_docker.engine import engine
        from modelpack_deploy_docker.local_run import run

        with engine(context.request.options) as client:
            return run(client, context)


def _not_deployed(name: str) -> DeployError:
    return DeployError(
        f"nothing is deployed as {name}",
        code="not_deployed",
        hint="`modelpack deployments list --target docker` shows what is",
    )


target = DockerTarget()

"""The containers that score."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from docker.errors import APIError, NotFound

from modelpack.deployments.forwarding.program import NOT_YET
from modelpack.errors import DeployError
from modelpack_deploy_docker import naming
from modelpack_deploy_docker.faults import fault
from modelpack_deploy_docker.survey import address, alias, is_running

if TYPE_CHECKING:
    from collections.abc import Iterable

    from docker import DockerClient
    from docker.models.containers import Container
    from docker.models.images import Image
    from docker.models.networks import Network

    from modelpack.deployments.records import DeployRequest
    from modelpack_deploy_docker.options import DockerOptions
    from modelpack_deploy_docker.survey import Survey

_AWAIT = ("python", "-m", "modelpack.deployments.forwarding", "await", "2")
_LATE = 10
"""Seconds beyond its grace after which the engine kills a container."""


def fitting_servers(found: Survey, request: DeployRequest[DockerOptions]) -> list[Container]:
    """The containers that run and serve what is wished, so many as are wished."""
    template, wanted = naming.server_template(request), request.options.environment()
    fitting = [
        server
        for server in found.servers
        if server.labels[naming.TEMPLATE] == template and is_running(server) and _has(server, wanted)
    ]
    return fitting[: request.options.replicas]


def create_server(
    client: DockerClient, request: DeployRequest[DockerOptions], image: Image, network: Network, number: int
) -> Container:
    """Create a container, which is not started yet."""
    options, template = request.options, naming.server_template(request)
    own = {naming.TEMPLATE: template, naming.NUMBER: str(number), naming.DIGEST: request.digest}
    endpoint = client.api.create_endpoint_config(aliases=[alias(template, number)])
    return client.containers.create(
        image,
        name=f"modelpack.{request.name}.{template}.{number}",
        labels=naming.labels(request.name, naming.SERVER, **own),
        environment=options.environment(),
        network=network.name,
        networking_config={str(network.name): endpoint},
        restart_policy=restart_policy(options),
        mem_limit=options.memory,
        memswap_limit=options.memory,
        nano_cpus=None if options.cpus is None else round(options.cpus * 1_000_000_000),
        read_only=options.read_only,
        tmpfs={"/tmp": ""} if options.read_only else None,  # noqa: S108 - of the container
        user=options.user,
        security_opt=["no-new-privileges"],
    )


def restart_policy(options: DockerOptions) -> Any:
    """The engine's words for when a container is started again."""
    return None if options.restart == "no" else {"Name": options.restart}


def next_number(found: Survey) -> int:
    """A number that no container of the deployment has."""
    return 1 + max((int(server.labels[naming.NUMBER]) for server in found.servers), default=0)


def await_ready(forwarder: Container, servers: list[Container], seconds: float) -> None:
    """Wait until servers are ready, seen from the forwarder.

    Raises:
        DeployError: One ended, or they took too long.
    """
    until = time.monotonic() + seconds
    while not done_in(forwarder, [*_AWAIT, *map(address, servers)]):
        for server in servers:
            server.reload()
            if (reason := fault(server)) is not None:
                raise DeployError(reason, code="failed")
        if time.monotonic() > until:
            raise DeployError(f"the containers were not ready after {seconds:g} s", code="failed")


def done_in(forwarder: Container, words: list[str]) -> bool:
    """Run a program in a forwarder's container, and answer whether it did what it should; False: not yet.

    Raises:
        DeployError: It cannot, as when the image has an older modelpack.
    """
    code, output = forwarder.exec_run(words)
    if code not in {0, NOT_YET}:
        said = output.decode("utf-8", "replace").strip().splitlines() if isinstance(output, bytes) else ()
        raise DeployError(f"in {forwarder.name}, {' '.join(words[:4])} failed: {' | '.join(said[-2:])}", code="failed")
    return bool(code == 0)


def end(containers: Iterable[Container], grace: float) -> None:
    """Let containers finish their requests, and remove them; one that is gone already is no matter."""
    for container in containers:
        try:
            container.stop(timeout=round(grace) + _LATE)
            container.remove(force=True, v=True)
        except NotFound:
            continue
        except APIError as error:
            if error.status_code != 409:  # noqa: PLR2004 - it is being removed already
                raise


def _has(server: Container, wanted: dict[str, str]) -> bool:
    """Whether a container has exactly these variables, beside those of its image."""
    given = dict(entry.partition("=")[::2] for entry in server.attrs["Config"]["Env"] or ())
    return all(given.get(name) == value for name, value in wanted.items())

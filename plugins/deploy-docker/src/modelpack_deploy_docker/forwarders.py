"""The container that owns the public port, and hands requests to the servers behind it."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from modelpack.errors import DeployError
from modelpack_deploy_docker import naming
from modelpack_deploy_docker.faults import fault
from modelpack_deploy_docker.servers import done_in
from modelpack_deploy_docker.survey import address

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container
    from docker.models.images import Image
    from docker.models.networks import Network

    from modelpack.deployments.records import DeployRequest
    from modelpack_deploy_docker.options import DockerOptions
    from modelpack_deploy_docker.survey import Survey

_PROGRAM = ("python", "-m", "modelpack.deployments.forwarding")
_ALWAYS: Any = {"Name": "unless-stopped"}
_SECONDS = 60.0
_PAUSE = 0.1


def fitting_forwarder(found: Survey, options: DockerOptions) -> Container | None:
    """The forwarder that listens as is wished, when there is one."""
    template = naming.forwarder_template(options)
    fitting = (each for each in found.forwarders if each.labels[naming.TEMPLATE] == template)
    return next(fitting, None)


def create_forwarder(
    client: DockerClient, request: DeployRequest[DockerOptions], image: Image, network: Network
) -> Container:
    """Create a forwarder, which is not started yet. It runs modelpack from the model's image, and no model.

    Its file system can be written to: there it remembers where requests go, when the engine starts it again.
    """
    options = request.options
    template = naming.forwarder_template(options)
    endpoint = client.api.create_endpoint_config(aliases=[request.name])
    return client.containers.create(
        image,
        entrypoint=list(_PROGRAM),
        command=["serve"],
        name=f"modelpack.{request.name}.forwarder.{template[:8]}",
        labels=naming.labels(request.name, naming.FORWARDER, **{naming.TEMPLATE: template}),
        environment={"PORT": str(naming.PORT)},
        ports=published(options.host, options.port),
        network=network.name,
        networking_config={str(network.name): endpoint},
        restart_policy=_ALWAYS,
        healthcheck={"test": ["NONE"]},
        cap_drop=["ALL"],
        security_opt=["no-new-privileges"],
    )


def published(host: str, port: int) -> dict[str, Any]:
    """The engine's words for a public port of its machine; it chooses one for 0."""
    return {f"{naming.PORT}/tcp": (host, port) if port else (host,)}


def tell(forwarder: Container, state: dict[str, Any]) -> None:
    """Tell a forwarder where requests go from now on; the servers before then have none at hand any more.

    Raises:
        DeployError: It does not take it.
    """
    until = time.monotonic() + _SECONDS
    words = json.dumps({**state, "serial": time.time()})
    while not done_in(forwarder, [*_PROGRAM, "tell", words]):
        forwarder.reload()
        if (reason := fault(forwarder)) is not None:
            raise DeployError(reason, code="failed")
        if time.monotonic() > until:
            raise DeployError(f"{forwarder.name} does not react", code="failed")
        time.sleep(_PAUSE)


def state_of(request: DeployRequest[DockerOptions], servers: list[Container]) -> dict[str, Any]:
    """What a forwarder is told when these servers fulfil a request; `get` reads it from there."""
    return {
        "servers": [address(server) for server in servers],
        "grace": request.options.grace,
        "revision": naming.revision(request),
        "digest": request.digest,
        "settings": request.options.settings(),
        "reason": None,
    }

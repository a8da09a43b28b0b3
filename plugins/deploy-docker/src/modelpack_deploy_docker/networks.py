"""The network on which a deployment's containers find each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelpack.errors import DeployError
from modelpack_deploy_docker import naming

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container
    from docker.models.networks import Network

    from modelpack.deployments.records import DeployRequest
    from modelpack_deploy_docker.options import DockerOptions

PREDEFINED = frozenset({"bridge", "host", "none", "default"})
"""Networks without names for their containers."""


def standing_network(client: DockerClient, request: DeployRequest[DockerOptions]) -> Network | None:
    """The network, when it is there.

    Raises:
        DeployError: It is the caller's own, and is not there.
    """
    own = request.options.network
    if own is None:
        return next(iter(deployment_networks(client, request.name)), None)
    named = [network for network in client.networks.list(names=[own]) if network.name == own]
    if not named:
        raise DeployError(
            f"the engine has no network {own}", code="rejected", hint=f"make it with `docker network create {own}`"
        )
    return named[0]


def provide_network(client: DockerClient, name: str) -> Network:
    """Make a deployment's own network."""
    labels = naming.labels(name, naming.NETWORK)
    return client.networks.create(naming.network_name(name), driver="bridge", labels=labels, check_duplicate=True)


def deployment_networks(client: DockerClient, name: str) -> list[Network]:
    """The networks that were made for a deployment."""
    networks: list[Network] = client.networks.list(filters=naming.filters(naming.NETWORK, name))
    return networks


def forwarder_networks(forwarder: Container) -> set[str]:
    """The names of the networks that a forwarder is on."""
    forwarder.reload()
    return set(forwarder.attrs["NetworkSettings"]["Networks"])


def leave_other_networks(client: DockerClient, forwarder: Container, network: Network) -> None:
    """Take a forwarder from the networks on which its servers were before."""
    for name in forwarder_networks(forwarder) - {str(network.name)}:
        client.networks.get(name).disconnect(forwarder)

"""Bringing what stands on the engine up to what is wished."""

from __future__ import annotations

import hashlib
import os
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

from docker.errors import DockerException, NotFound

from modelpack.deployments.local import locks
from modelpack.errors import DeployError, ModelpackError
from modelpack.stores.directories import data_directory
from modelpack_deploy_docker.forwarders import create_forwarder, fitting_forwarder, state_of, tell
from modelpack_deploy_docker.images import forwarder_image, provide_image, remove_unused_images, standing_image
from modelpack_deploy_docker.networks import (
    deployment_networks,
    forwarder_networks,
    leave_other_networks,
    provide_network,
    standing_network,
)
from modelpack_deploy_docker.servers import await_ready, create_server, end, fitting_servers, next_number
from modelpack_deploy_docker.survey import survey

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from docker import DockerClient
    from docker.models.containers import Container
    from docker.models.images import Image
    from docker.models.networks import Network

    from modelpack.deployments.records import DeployRequest
    from modelpack_deploy_docker.options import DockerOptions
    from modelpack_deploy_docker.survey import Survey


def apply(client: DockerClient, request: DeployRequest[DockerOptions], progress: Callable[[str], None]) -> None:
    """Have new containers serve, and remove those before. What fails, or is stopped, takes with it what it made.

    Raises:
        DeployError: It failed, and nothing serves (`failed`) or what was there before serves on (`rolled_back`); or
            another process is changing this deployment (`conflict`).
    """
    with changing(client, request.name):
        found = survey(client, request.name)
        try:
            with ExitStack() as undoing:
                _Apply(client, request, found, progress, undoing).run()
                undoing.pop_all()
        except (ModelpackError, DockerException) as error:
            raise _told(found, error) from error


@contextmanager
def changing(client: DockerClient, name: str) -> Iterator[None]:
    """Keep this user's other processes from changing a deployment during the block.

    Raises:
        DeployError: One of them is at it.
    """
    which = hashlib.sha256(f"{client.info().get('ID')} {name}".encode()).hexdigest()[:16]
    folder = data_directory(os.environ) / "deployments" / "docker"
    try:
        with locks.taken(folder / f"{which}.lock") as mine:
            if not mine:
                raise DeployError(
                    f"another process is changing the deployment {name}",
                    code="conflict",
                    hint="try again when it is done",
                )
            yield
    finally:
        with suppress(OSError):
            folder.rmdir()
            folder.parent.rmdir()


def remove(client: DockerClient, name: str, grace: float) -> None:
    """Remove all that was made for a deployment, requests at hand being finished."""
    found = survey(client, name)
    grace = found.told.get("grace", grace)
    end(found.forwarders, grace)
    end(found.servers, grace)
    for network in deployment_networks(client, name):
        with suppress(NotFound):
            network.remove()
    remove_unused_images(client, name, set())


class _Apply:
    """One apply. What it makes is put on a stack, to be undone unless all went well."""

    def __init__(
        self,
        client: DockerClient,
        request: DeployRequest[DockerOptions],
        found: Survey,
        progress: Callable[[str], None],
        undoing: ExitStack,
    ) -> None:
        self._client = client
        self._request = request
        self._found = found
        self._progress = progress
        self._undoing = undoing

    def run(self) -> None:
        """Take the steps."""
        request = self._request
        image = self._image()
        network = self._network()
        forwarder = self._forwarder(image, network)
        servers = self._servers(image, network)
        self._progress(f"waiting for {_named(servers)}")
        await_ready(forwarder, servers, request.options.start_timeout)
        tell(forwarder, state_of(request, servers))
        self._undoing.pop_all()  # from here on the new ones serve
        self._progress(f"requests go to {_named(servers)}")
        self._clear(forwarder, servers, image, network)

    def _image(self) -> Image:
        image = standing_image(self._client, self._request)
        if image is not None:
            return image
        self._undoing.callback(self._remove_image)
        image = provide_image(self._client, self._request, self._progress)
        self._progress(f"the image is {image.tags[0] if image.tags else image.id}")
        return image

    def _remove_image(self) -> None:
        kept = {container.attrs["Image"] for container in (*self._found.servers, *self._found.forwarders)}
        remove_unused_images(self._client, self._request.name, kept)

    def _network(self) -> Network:
        network = standing_network(self._client, self._request)
        if network is None:
            network = provide_network(self._client, self._request.name)
            self._undoing.callback(network.remove)
            self._progress(f"made the network {network.name}")
        return network

    def _forwarder(self, image: Image, network: Network) -> Container:
        forwarder = fitting_forwarder(self._found, self._request.options)
        if forwarder is None:
            chosen = forwarder_image(self._client, self._request, image)
            forwarder = create_forwarder(self._client, self._request, chosen, network)
            self._undoing.callback(end, [forwarder], 0)
            forwarder.start()
            self._progress(f"started {forwarder.name}")
        elif forwarder.status != "running":
            forwarder.restart()
        if network.name not in forwarder_networks(forwarder):
            network.connect(forwarder, aliases=[self._request.name])
            self._undoing.callback(network.disconnect, forwarder)
        return forwarder

    def _servers(self, image: Image, network: Network) -> list[Container]:
        servers = fitting_servers(self._found, self._request)
        number = next_number(self._found)
        while len(servers) < self._request.options.replicas:
            server = create_server(self._client, self._request, image, network, number)
            self._undoing.callback(end, [server], 0)
            server.start()
            server.reload()
            self._progress(f"started {server.name}")
            servers.append(server)
            number += 1
        return servers

    def _clear(self, forwarder: Container, servers: list[Container], image: Image, network: Network) -> None:
        """Remove what served before, and what an apply that was killed has left."""
        kept = {forwarder.id, *(server.id for server in servers)}
        others = [each for each in (*self._found.forwarders, *self._found.servers) if each.id not in kept]
        end(others, self._found.told.get("grace", self._request.options.grace))
        leave_other_networks(self._client, forwarder, network)
        if self._request.options.network is not None:
            for former in deployment_networks(self._client, self._request.name):
                former.remove()
        remove_unused_images(self._client, self._request.name, {image.id})
        if others:
            self._progress(f"removed {_named(others)}")


def _told(found: Survey, error: Exception) -> DeployError:
    """The failure as core knows it; when something serves on, its forwarder remembers why."""
    if isinstance(error, DeployError) and error.code not in {"failed", "rolled_back"}:
        return error
    message = error.message if isinstance(error, ModelpackError) else str(getattr(error, "explanation", None) or error)
    hint = error.hint if isinstance(error, ModelpackError) else None
    forwarder = found.forwarder
    if forwarder is None or not found.serves():
        return DeployError(f"{found.name} could not be deployed: {message}", code="failed", hint=hint)
    with suppress(DeployError, DockerException):
        tell(forwarder, {**found.told, "reason": message})
    return DeployError(
        f"the update of {found.name} failed: {message}; what was there before serves on", code="rolled_back", hint=hint
    )


def _named(containers: list[Container]) -> str:
    return ", ".join(str(container.name) for container in containers)

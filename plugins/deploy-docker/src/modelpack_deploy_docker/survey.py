"""What stands on the engine."""

from __future__ import annotations

import io
import json
import re
import tarfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from modelpack.deployments.forwarding.program import STATE
from modelpack_deploy_docker import naming
from modelpack_deploy_docker.engine import is_podman

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker import DockerClient
    from docker.models.containers import Container


@dataclass(slots=True)
class Survey:
    """The containers of one deployment.

    Attributes:
        name: The deployment's name.
        forwarders: Those that own a public port: one, or two while one is replaced.
        servers: Those that score, by their number.
        told: What the forwarder was told last: `servers`, `revision`, `digest`, `settings`, `reason`.
    """

    name: str
    forwarders: list[Container] = field(default_factory=list)
    servers: list[Container] = field(default_factory=list)
    told: dict[str, Any] = field(default_factory=dict)

    @property
    def forwarder(self) -> Container | None:
        """The one that was told where requests go."""
        return self.forwarders[0] if self.forwarders else None

    def routed(self) -> list[Container]:
        """The servers that requests go to."""
        return [server for server in self.servers if _alias_of(server) in self._told_aliases()]

    def strays(self) -> list[Container]:
        """The servers that no request goes to."""
        return [server for server in self.servers if _alias_of(server) not in self._told_aliases()]

    def _told_aliases(self) -> set[str]:
        return {told.partition(":")[0] for told in self.told.get("servers", ())}

    def serves(self) -> bool:
        """Whether requests are answered."""
        return self.forwarder is not None and any(is_running(server) for server in self.routed())


def survey(client: DockerClient, name: str) -> Survey:
    """Look at one deployment."""
    found = Survey(name)
    for container in _containers(client, name):
        _add(found, container)
    return _with_told(found)


def surveys(client: DockerClient) -> Iterator[Survey]:
    """Look at all deployments."""
    found: dict[str, Survey] = {}
    for container in _containers(client, None):
        name = container.labels[naming.NAME]
        _add(found.setdefault(name, Survey(name)), container)
    return (_with_told(found[name]) for name in sorted(found))


def foreign_names(client: DockerClient, name: str) -> list[str]:
    """The names of containers that stand where the deployment's would, and are somebody else's."""
    named = client.api.containers(all=True, filters={"name": f"modelpack.{name}."})
    names = [(each["Names"][0].lstrip("/"), each.get("Labels") or {}) for each in named]
    pattern = re.compile(rf"modelpack\.{re.escape(name)}\.(forwarder\.[0-9a-f]{{8}}|[0-9a-f]{{16}}\.\d+)")
    return [found for found, labels in names if pattern.fullmatch(found) and naming.ROLE not in labels]


def address(server: Container) -> str:
    """Where a server listens, as the forwarder is told it: by name, since addresses change when it is restarted.

    Networks of podman have names only where its plugin for them is installed, which it does not tell; there it is the
    address of the moment.
    """
    named = f"{_alias_of(server)}:{naming.PORT}"
    networks = server.attrs["NetworkSettings"]["Networks"].values()
    addresses = [network["IPAddress"] for network in networks if network.get("IPAddress")]
    return f"{named}@{addresses[0]}" if addresses and server.client is not None and is_podman(server.client) else named


def alias(template: str, number: int) -> str:
    """A server's name on its network."""
    return f"s-{template}-{number}"


def _alias_of(server: Container) -> str:
    return alias(server.labels[naming.TEMPLATE], int(server.labels[naming.NUMBER]))


def is_running(container: Container) -> bool:
    """Whether a container runs; podman and Docker agree on the word."""
    return bool(container.status == "running")


def read_told(forwarder: Container) -> dict[str, Any]:
    """What a forwarder was told last; nothing when it never was."""
    from docker.errors import NotFound

    try:
        pieces, _ = forwarder.get_archive(str(STATE))
    except NotFound:
        return {}
    with tarfile.open(fileobj=io.BytesIO(b"".join(pieces))) as archive:
        file = archive.extractfile(STATE.name)
        told: dict[str, Any] = {} if file is None else json.loads(file.read())
    return told


def _containers(client: DockerClient, name: str | None) -> Iterator[Container]:
    for role in (naming.FORWARDER, naming.SERVER):
        yield from client.containers.list(all=True, ignore_removed=True, filters=naming.filters(role, name))


def _add(found: Survey, container: Container) -> None:
    role = container.labels[naming.ROLE]
    (found.forwarders if role == naming.FORWARDER else found.servers).append(container)


def _with_told(found: Survey) -> Survey:
    """Put the forwarder first that knows most, and the servers in their order."""
    told = [(read_told(forwarder), forwarder) for forwarder in found.forwarders]
    told.sort(key=lambda each: each[0].get("serial", 0), reverse=True)
    found.forwarders = [forwarder for _, forwarder in told]
    found.told = told[0][0] if told else {}
    found.servers.sort(key=lambda server: int(server.labels[naming.NUMBER]))
    return found

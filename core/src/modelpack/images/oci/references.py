"""How an image is named: in a registry, or in a layout on this machine."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from modelpack.errors import InvalidArgumentError

if TYPE_CHECKING:
    from typing import Self

DOCKER_HUB = "docker.io"
_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_REGISTRY = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_LONGEST_NAME = 255


@dataclass(frozen=True, slots=True)
class RegistryReference:
    """An image in a registry.

    Attributes:
        registry: Its host, with a port where one was given; `docker.io` is Docker Hub.
        repository: The path in it, such as `library/python`.
        tag: The name of a version; `latest` when neither tag nor digest was given.
        digest: The digest of the manifest or index; it decides where there is a tag too.
    """

    registry: str
    repository: str
    tag: str | None = None
    digest: str | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `[registry[:port]/]repository[:tag][@digest]` with the defaults of `docker pull`.

        Raises:
            InvalidArgumentError: It is no such name.
        """
        name, _, digest = text.partition("@")
        registry, repository = _split_registry(name)
        repository, colon, tag = repository.partition(":")
        if registry == DOCKER_HUB and "/" not in repository:
            repository = f"library/{repository}"
        valid = (
            _REGISTRY.fullmatch(registry)
            and _REPOSITORY.fullmatch(repository)
            and len(registry) + len(repository) < _LONGEST_NAME
            and (not colon or _TAG.fullmatch(tag))
            and ("@" not in text or _DIGEST.fullmatch(digest))
        )
        if not valid:
            raise InvalidArgumentError(
                f"{text!r} is no name of an image",
                hint="write [registry[:port]/]repository[:tag], all but registry and tag in lower case",
            )
        return cls(registry, repository, tag or (None if digest else "latest"), digest or None)

    @property
    def is_loopback(self) -> bool:
        """Whether the registry is on this machine, where plain HTTP is what registries speak."""
        host = self.registry.rpartition(":")[0] if re.search(r":[0-9]+$", self.registry) else self.registry
        try:
            return ipaddress.ip_address(host.strip("[]")).is_loopback
        except ValueError:
            return host == "localhost"

    @property
    def version(self) -> str:
        """What the registry is asked for: the digest, or else the tag."""
        return self.digest or self.tag or "latest"

    def with_version(self, digest: str) -> RegistryReference:
        """The same repository at another digest."""
        return replace(self, tag=None, digest=digest)

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.registry}/{self.repository}{tag}{digest}"


@dataclass(frozen=True, slots=True)
class LayoutReference:
    """An image on this machine: in an OCI layout, or in an archive of `docker save`, `podman save` or modelpack.

    Attributes:
        path: The directory, or the tar.
        name: Which of several images: the annotation `org.opencontainers.image.ref.name` or the name in `docker save`.
    """

    path: Path
    name: str | None = None

    def __str__(self) -> str:
        return f"oci:{self.path}" + (f":{self.name}" if self.name else "")


ImageReference = RegistryReference | LayoutReference
_LOCAL = ("oci", "oci-archive", "docker-archive")
_REMOTE = "docker://"


def parse_reference(text: str) -> ImageReference:
    """Read the name of an image as skopeo, podman and docker write it.

    Args:
        text: `[docker://][registry/]repository[:tag][@digest]`, or `oci:DIRECTORY[:name]`, `oci-archive:FILE[:name]`,
            `docker-archive:FILE[:name]`. A directory and a file are told apart by looking, not by the word.

    Raises:
        InvalidArgumentError: It is none of them.
    """
    scheme, colon, rest = text.partition(":")
    if not colon or scheme not in _LOCAL:
        return RegistryReference.parse(text.removeprefix(_REMOTE))
    path, name = rest, ""
    if not Path(rest).exists():
        path, _, name = rest.partition(":")
    if not path:
        raise InvalidArgumentError(f"{text!r} names no path", hint="write oci:DIRECTORY, or oci:DIRECTORY:NAME")
    return LayoutReference(Path(path), name or None)


def _split_registry(name: str) -> tuple[str, str]:
    """The first part is a registry when it looks like a host: it has a dot or a port, or is localhost."""
    first, slash, rest = name.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return (DOCKER_HUB if first in {"index.docker.io", "registry-1.docker.io"} else first), rest
    return DOCKER_HUB, name

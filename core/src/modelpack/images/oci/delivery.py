"""Where an image goes: to a layout, an archive, a registry."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from modelpack.errors import InvalidArgumentError
from modelpack.images.oci.archives import write_archive
from modelpack.images.oci.layouts import write_directory
from modelpack.images.oci.references import RegistryReference
from modelpack.images.oci.registry import Registry
from modelpack.images.oci.uploads import push

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from modelpack.images.oci.credentials import Credentials
    from modelpack.images.oci.images import Image
    from modelpack.images.oci.references import ImageReference
    from modelpack.images.oci.transport import Transport

ARCHIVE = ".tar"
"""An output with this suffix is one file; any other is the directory of a layout."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Where an image goes.

    Attributes:
        name: What it is called.
        output: The directory of a layout, or a file that ends in `.tar`; None writes neither.
        push: Whether it goes to the registry that its name says.
        insecure: Registries, by host and port, that are spoken to over HTTP; those on this machine are anyway.
        credentials: Who one is at a registry, by host and port; for others `docker login` is asked.
    """

    name: str
    output: Path | None = None
    push: bool = False
    insecure: frozenset[str] = frozenset()
    credentials: Mapping[str, Credentials] = field(default_factory=dict)

    def connect(self, reference: RegistryReference, transport: Transport) -> Registry:
        """The registry of a reference."""
        name = reference.registry
        plain = reference.is_loopback or name in self.insecure
        return Registry(name, plain=plain, transport=transport, credentials=self.credentials.get(name))

    @property
    def reference(self) -> RegistryReference:
        """The name, read.

        Raises:
            InvalidArgumentError: It is no name of an image.
        """
        return RegistryReference.parse(self.name)

    def check(self) -> None:
        """Refuse what cannot be delivered, before anything is built.

        Raises:
            InvalidArgumentError: The name is none, or the image would go nowhere.
        """
        name = self.reference
        if name.digest is not None:
            raise InvalidArgumentError(f"{name} has a digest, which follows from what is built", hint="give a tag")
        if self.output is None and not self.push:
            raise InvalidArgumentError(
                f"the image {name} would go nowhere",
                hint="say where with --output DIRECTORY, --output FILE.tar or --push",
            )
        if self.output is not None and not self.output.absolute().parent.is_dir():
            raise InvalidArgumentError(f"there is no directory {self.output.absolute().parent} to write the image to")


@dataclass(frozen=True, slots=True)
class NamedImage:
    """An image and where it comes from.

    Attributes:
        name: What it is called.
        image: The image.
    """

    name: ImageReference
    image: Image

    def shared_with(self, other: RegistryReference) -> dict[str, str]:
        """Which of its layers the registry of another image has already, and in which repository."""
        if not isinstance(self.name, RegistryReference) or self.name.registry != other.registry:
            return {}
        return {layer.digest: self.name.repository for layer in self.image.manifest.layers}


def deliver(
    image: Image, base: NamedImage, delivery: Delivery, transport: Transport, progress: Callable[[str], None]
) -> None:
    """Bring an image to where it goes.

    Args:
        image: The image.
        base: What it was built upon.
        delivery: Where it goes.
        transport: How registries are reached.
        progress: Told what takes long.

    Raises:
        AlreadyExistsError: Something that is no layout stands in the output's place.
        RegistryError: The registry cannot be reached or refuses.
    """
    name = delivery.reference
    if delivery.output is not None and delivery.output.suffix == ARCHIVE:
        progress(f"writing {delivery.output}")
        write_archive(image, delivery.output, name)
    elif delivery.output is not None:
        write_directory(image, delivery.output, name, progress)
    if delivery.push:
        registry = delivery.connect(name, transport)
        push(image, name, registry, shared=base.shared_with(name), progress=progress)

"""The machine that an image is for, and the wheels that run there."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modelpack.errors import InvalidArgumentError

if TYPE_CHECKING:
    from typing import Self

_MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}
_DEFAULT_VARIANTS = {"arm64": "v8"}
_GLIBC = 28
_OLDEST_GLIBC = 17


@dataclass(frozen=True, slots=True)
class Platform:
    """An operating system and a processor, by the names of the OCI specification.

    Attributes:
        architecture: `amd64` or `arm64`.
        variant: Of an architecture that has several, such as `v8`; None takes the usual one.
        os: Always `linux` for what modelpack builds.
    """

    architecture: str
    variant: str | None = None
    os: str = "linux"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `linux/amd64`, `linux/arm64` or `linux/arm64/v8`.

        Raises:
            InvalidArgumentError: It is another platform, for which there are no wheels.
        """
        os, _, rest = text.partition("/")
        architecture, _, variant = rest.partition("/")
        if os != "linux" or architecture not in _MACHINES:
            raise InvalidArgumentError(
                f"images for the platform {text!r} cannot be built without an engine",
                hint=f"choose from {', '.join(f'linux/{name}' for name in _MACHINES)}",
            )
        return cls(architecture, variant or None)

    @classmethod
    def local(cls) -> Self:
        """The one of this machine, in a container.

        Raises:
            InvalidArgumentError: There are no wheels for its processor.
        """
        machine = platform.machine().lower()
        names = {wheel: name for name, wheel in _MACHINES.items()} | {name: name for name in _MACHINES}
        return cls.parse(f"linux/{names.get(machine, machine)}")

    @property
    def machine(self) -> str:
        """The architecture as wheels call it."""
        return _MACHINES[self.architecture]

    @property
    def wheel_tags(self) -> list[str]:
        """The tags of wheels that run there, best first: for glibc 2.28 (Debian 10, RHEL 8) and older (PEP 600)."""
        return [f"manylinux_2_{minor}_{self.machine}" for minor in range(_GLIBC, _OLDEST_GLIBC - 1, -1)]

    @property
    def uv_name(self) -> str:
        """The same for uv."""
        return f"{self.machine}-manylinux_2_{_GLIBC}"

    def runs(self, os: str, architecture: str, variant: str | None) -> bool:
        """Whether an image for that platform is one for this platform."""
        usual = _DEFAULT_VARIANTS.get(self.architecture)
        return (os, architecture, variant or usual) == (self.os, self.architecture, self.variant or usual)

    def __str__(self) -> str:
        return "/".join(filter(None, (self.os, self.architecture, self.variant)))

"""What is to be installed, and for which machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from modelpack.errors import InvalidArgumentError

if TYPE_CHECKING:
    from pathlib import Path

    from modelpack.images.oci.platforms import Platform


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageRequest:
    """What is to be installed.

    Attributes:
        requirements: Requirement lines and index options, as in a requirements file.
        constraints: Lines of a constraints file.
        wheels: Wheels that satisfy the requirements that name them.
        python_version: The Python that will import it, such as `3.11`.
        platform: The machine that it will run on.
    """

    requirements: tuple[str, ...]
    constraints: tuple[str, ...] = ()
    wheels: tuple[Path, ...] = ()
    python_version: str
    platform: Platform

    @property
    def lines(self) -> list[str]:
        """The requirements file; the wheels come first, for pip looks for what stands before them in the index."""
        wheels = [f"{_distribution(wheel)} @ {wheel.resolve().as_uri()}" for wheel in self.wheels]
        return [*wheels, *self.requirements]

    @property
    def options(self) -> list[str]:
        """The lines that say where to look, which no resolution repeats."""
        return [line for line in self.requirements if line.startswith("-")]


def _distribution(wheel: Path) -> str:
    try:
        return parse_wheel_filename(wheel.name)[0]
    except InvalidWheelFilename as error:
        raise InvalidArgumentError(f"{wheel} does not have the name of a wheel") from error

"""The programs that build images from a Dockerfile, whichever is there."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from modelpack.errors import InvalidArgumentError, MissingDependencyError, ModelpackError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

KNOWN = ("docker", "podman", "buildah")
_TAIL = 20


class BuildError(ModelpackError):
    """The engine could not build or push the image."""

    error_code = "IMAGE_BUILD_FAILED"


@dataclass(frozen=True, slots=True)
class Engine:
    """A program that builds images.

    Attributes:
        program: Its path.
        kind: Which of `KNOWN` it is.
    """

    program: str
    kind: str

    def build_command(self, context: Path, tag: str, id_file: Path, arguments: Sequence[str]) -> list[str]:
        """The command that builds a context under a name, and writes the id of the image to a file."""
        words = {
            "docker": ["build"],
            "podman": ["build", "--format", "docker"],  # OCI's own format knows no health check
            "buildah": ["build", "--format", "docker"],
        }[self.kind]
        named = ["--tag", tag, "--iidfile", str(id_file), "--file", str(context / "Dockerfile")]
        return [self.program, *words, *named, *arguments, str(context)]

    def run(self, command: Sequence[str], progress: Callable[[str], object] | None) -> None:
        """Run a command, passing each line of its output on as it comes.

        Raises:
            BuildError: It failed; the message has the last lines.
        """
        tail: deque[str] = deque(maxlen=_TAIL)
        environment = {**os.environ, "DOCKER_BUILDKIT": "1", "BUILDKIT_PROGRESS": "plain"}
        with subprocess.Popen(  # noqa: S603 - a list, no shell
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=environment,
        ) as process:
            for line in process.stdout or ():
                tail.append(line.rstrip())
                if progress is not None:
                    progress(line.rstrip())
        if process.returncode != 0:
            raise BuildError(
                f"{self.kind} ended with exit code {process.returncode}: " + "\n".join(tail),
                hint="--context-only DIR writes what it was given, to look at and to build by hand",
            )


def find_engine(named: str | None = None) -> Engine:
    """The engine that is named, by its path or name, else the first that is installed.

    Raises:
        MissingDependencyError: There is none.
        InvalidArgumentError: Something else was named.
    """
    if named is not None and _kind(named) not in KNOWN:
        raise InvalidArgumentError(f"{named!r} is no engine that builds images", hint=f"there are {', '.join(KNOWN)}")
    for candidate in KNOWN if named is None else (named,):
        program = shutil.which(candidate)
        if program is not None:
            return Engine(program, _kind(candidate))
    raise MissingDependencyError(
        f"{named or ', '.join(KNOWN[:-1]) + ' or ' + KNOWN[-1]} is needed to build an image, and not installed",
        hint="--daemonless builds without an engine; --context-only DIR writes the Dockerfile to build elsewhere",
    )


def _kind(program: str) -> str:
    return Path(program).name.removesuffix(".exe")

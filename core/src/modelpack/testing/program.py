"""A Python program, and starting it as a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import IO, Self

Output: TypeAlias = "int | IO[bytes]"
"""A file, or its descriptor."""


@dataclass(frozen=True, slots=True)
class Program:
    """What a Python interpreter is to run.

    Attributes:
        arguments: What follows the interpreter on the command line: `-m MODULE …`, `-c CODE …` or `FILE …`.
        environment: All of its variables.
        directory: Its working directory.
    """

    arguments: Sequence[str]
    environment: Mapping[str, str]
    directory: str | os.PathLike[str]

    def to_json(self) -> bytes:
        """The program as text, for another process in any directory."""
        directory = os.path.abspath(self.directory)  # noqa: PTH100 - links remain
        return json.dumps([list(self.arguments), dict(self.environment), directory]).encode()

    @classmethod
    def from_json(cls, text: bytes) -> Self:
        """Read what `to_json` wrote."""
        return cls(*json.loads(text))


class Process(Protocol):
    """The process of a program, to be handled as a `subprocess.Popen`; it leads a session of its own."""

    @property
    def pid(self) -> int:
        """Its process id."""

    @property
    def returncode(self) -> int | None:
        """Its exit code, as far as it was asked for; negative for a signal."""

    def poll(self) -> int | None:
        """Its exit code; None while it runs."""

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its exit code.

        Raises:
            subprocess.TimeoutExpired: It runs still.
        """

    def send_signal(self, sig: int) -> None:
        """Send it a signal, unless it has ended."""

    def terminate(self) -> None:
        """Send SIGTERM."""

    def kill(self) -> None:
        """Send SIGKILL."""


def start_program(program: Program, output: Output) -> subprocess.Popen[bytes]:
    """Start a program in an interpreter of its own, where nothing has been imported.

    Args:
        program: The program.
        output: Where its standard output and standard error go. Its standard input is empty.
    """
    return subprocess.Popen(  # noqa: S603 - a list, no shell
        [sys.executable, *program.arguments],
        env=dict(program.environment),
        cwd=program.directory,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def end_session(process: Process) -> None:
    """End a process and those of its session."""
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()

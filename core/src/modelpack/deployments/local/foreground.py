"""Running something in the foreground until it ends, or until this process is told to stop."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelpack.deployments.local.ports import free_port
from modelpack.errors import DeployError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import FrameType

    from modelpack.contexts import LocalRunContext

CONTAINER_ENGINES = ("docker", "podman")
_PATIENCE = 20.0
_NOT_STARTED = 125
"""What docker and podman end with when they themselves have failed."""


def serve_in_foreground(
    context: LocalRunContext[Any], arguments: Sequence[str] = (), variables: Mapping[str, str] | None = None
) -> int:
    """Run the scoring server as a process of this Python, which trusts exactly the model of the request.

    Args:
        context: What to serve, and where.
        arguments: Further arguments of `modelpack serve`.
        variables: Variables on top of those of this process.

    Returns:
        The server's exit code.
    """
    command = [sys.executable, "-m", "modelpack", "serve", f"--model={context.request.model_path}"]
    command += [f"--trust={context.request.digest}", f"--host={context.host}", f"--port={context.port}"]
    return run_in_foreground([*command, *arguments], variables or {})


def run_in_foreground(command: Sequence[str], variables: Mapping[str, str]) -> int:
    """Run a program until it ends; SIGTERM and Ctrl-C end it and are waited for.

    Args:
        command: The program and its arguments.
        variables: Variables on top of those of this process.

    Returns:
        The program's exit code.
    """
    with subprocess.Popen(command, env={**os.environ, **variables}) as program:  # noqa: S603 - a list, no shell
        try:
            with stopped_by_sigterm():
                return program.wait()
        except KeyboardInterrupt:
            program.terminate()  # from a terminal it has had the signal as well, and takes the two for one
            return program.wait()


def run_container_in_foreground(command: Sequence[str], variables: Mapping[str, str]) -> int:
    """Run a container by an engine's program, as `run_in_foreground` runs any.

    Returns:
        The container's exit code.

    Raises:
        DeployError: The engine could not start it (`failed`); why stands in what it has written.
    """
    code = run_in_foreground(command, variables)
    if code == _NOT_STARTED:
        raise DeployError(
            f"{Path(command[0]).name} could not start the container, for the reason that it has given",
            code="failed",
            hint="the image has to be there, or where it can be pulled, and the port free",
        )
    return code


def published_port(context: LocalRunContext[Any]) -> int:
    """The port of this machine where a container's is to be published; `progress` is told, as no container knows it."""
    port = context.port or free_port(context.host)
    context.progress(f"listening on http://{context.host}:{port}")
    return port


def container_engines() -> Iterator[str]:
    """The programs that run containers here; one without its daemon does not."""
    for program in filter(None, map(shutil.which, CONTAINER_ENGINES)):
        if _answers(program):
            yield program


def _answers(engine: str) -> bool:
    try:
        asked = subprocess.run([engine, "info"], capture_output=True, timeout=_PATIENCE, check=False)  # noqa: S603 - a list, no shell
    except (OSError, subprocess.TimeoutExpired):
        return False
    return asked.returncode == 0


@contextmanager
def stopped_by_sigterm() -> Iterator[None]:
    """Let SIGTERM raise `KeyboardInterrupt` in the block, as Ctrl-C does, so that what was started is ended."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are the main thread's
        return
    former = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, former)


def _interrupt(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the interpreter passes both
    raise KeyboardInterrupt

"""A command that runs a container in the foreground: started, asked, and told to stop."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

from ports import free_port

ROWS = b'{"columns": ["x"], "data": [[1.5], [2.0]]}'


@dataclass(frozen=True, slots=True)
class LocalRun:
    """A command that runs.

    Attributes:
        process: Its process, which leads a group.
        port: Where the container is to answer.
    """

    process: subprocess.Popen[bytes]
    port: int

    def predictions(self, seconds: float = 90) -> Any:
        """What the model predicts for 1.5 and 2, as soon as it does."""
        request = Request(f"http://127.0.0.1:{self.port}/invocations", ROWS, {"Content-Type": "application/json"})
        until = time.monotonic() + seconds
        while True:
            try:
                with urlopen(request, timeout=30) as answer:  # noqa: S310 - a loopback address
                    return json.load(answer)["predictions"]
            except (URLError, OSError):
                assert self.process.poll() is None, "the command has ended"
                assert time.monotonic() < until, f"no answer after {seconds} s"
                time.sleep(0.2)

    def health(self) -> int:
        """The status of `/ping`."""
        with urlopen(f"http://127.0.0.1:{self.port}/ping", timeout=30) as answer:
            status: int = answer.status
        return status

    def stopped(self) -> int:
        """Tell the command alone to stop, and answer its exit code."""
        self.process.terminate()
        return self.process.wait(60)

    def interrupted(self) -> int:
        """Press Ctrl-C at the terminal of the command and of what it has started, and answer its exit code."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(60)


def command(*words: str, port: int) -> list[str]:
    """A command of modelpack that serves at a port."""
    return [sys.executable, "-m", "modelpack", *words, "--port", str(port)]


@contextmanager
def local_run(*words: str) -> Iterator[LocalRun]:
    """Run a command of modelpack at a free port; one that still runs at the end of the block is killed."""
    port = free_port()
    with subprocess.Popen(command(*words, port=port), start_new_session=True) as process:
        try:
            yield LocalRun(process, port)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)

"""Programs side by side: each line that they print carries the lane's name, and none stands still unnoticed."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
import time
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ENDING = 60
"""Lines of a failed session that are shown once more at the end."""
PATIENCE = 1200.0
"""Seconds for which nothing may be heard of a lane: longer than any test or installation takes."""

_FAILED = re.compile(r"nox > Session \S+ (failed|aborted)")
_LAST_SECONDS = 10.0
"""Seconds that what a program has printed may take to come when it has ended."""
_WIDTH = 300


class Lane:
    """A program in a process group of its own, which is ended when nothing is heard of it for too long.

    Attributes:
        name: What its lines are called.
        endings: How those sessions of nox ended that failed in it, line by line.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str] | None = None,
        *,
        patience: float = PATIENCE,
    ) -> None:
        """Start it; without `environment` it has this process's."""
        self.name = name
        self.endings: list[str] = []
        self._recent: deque[str] = deque(maxlen=ENDING)
        self._patience = patience
        self._heard = time.monotonic()
        self._process = subprocess.Popen(  # noqa: S603 - a list, no shell
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def runs(self) -> bool:
        """Whether it does; ends it when it has been silent for too long."""
        if self._process.poll() is None and time.monotonic() - self._heard > self._patience:
            self._show(f"lanes > nothing was heard for {self._patience:g} seconds; this is ended:")
            for line in _processes():
                self._show(line)
            self.endings += self._recent
            self._send(signal.SIGKILL)
        return self._process.poll() is None

    def end(self) -> int:
        """End it and what it left running; answers its exit code, which is not 0 when it was not its own."""
        if self._process.poll() is None:
            self._send(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_LAST_SECONDS)
        self._send(signal.SIGKILL)
        self._reader.join(_LAST_SECONDS)  # not for ever: what moved to another session may keep the pipe open
        return abs(self._process.wait())

    def _send(self, sig: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, sig)

    def _read(self) -> None:
        if self._process.stdout is None:
            return
        rest = b""
        with self._process.stdout as output:
            while piece := os.read(output.fileno(), 65_536):
                self._heard = time.monotonic()
                *lines, rest = (rest + piece).split(b"\n")
                for line in lines:
                    self._show(line.decode(errors="replace"))
        if rest:
            self._show(rest.decode(errors="replace"))

    def _show(self, said: str) -> None:
        line = f"{self.name:7} | {said}"
        print(line, flush=True)  # noqa: T201 - progress
        self._recent.append(line)
        if _FAILED.match(said):
            self.endings += self._recent
            self._recent.clear()


def run(lanes: Sequence[Lane]) -> int:
    """Let lanes run to their end; repeats at last what failed, where it is looked for, and answers an exit code."""
    try:
        while sum(lane.runs() for lane in lanes):
            time.sleep(0.2)
    finally:
        codes = [lane.end() for lane in lanes]
    for lane in lanes:
        print("".join(f"{line}\n" for line in lane.endings), end="", flush=True)  # noqa: T201 - what failed
    for lane, code in zip(lanes, codes, strict=True):
        print(f"dev.py: {lane.name} {'failed' if code else 'passed'}", flush=True)  # noqa: T201 - the outcome
    return max(codes)


def _processes() -> list[str]:
    """Everything that runs, as a tree, where there is a program that shows it."""
    with suppress(OSError):
        listing = ["ps", "-ww", "-e", "-o", "pid,ppid,etime,stat,wchan:20,args", "--forest"]
        shown = subprocess.run(listing, capture_output=True, text=True, check=False).stdout  # noqa: S603 - literals
        return [line[:_WIDTH] for line in shown.splitlines() if not line.endswith("]")]  # those are the kernel's
    return []

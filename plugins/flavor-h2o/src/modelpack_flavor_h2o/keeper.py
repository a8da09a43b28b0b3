"""A process that starts H2O and ends it when the process that wanted it is gone, however that ended.

H2O's client starts Java as a child of no one, and stops it at a regular exit only: a process that is killed, as
containers and supervisors do it, would leave it running. The keeper holds one end of a pipe, and H2O lives as long as
the other end is open.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import warnings
from contextlib import redirect_stdout, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NoReturn

_LINES = 3


def main() -> None:
    """Start H2O with the arguments on the first line of the input, tell where it is, and stop it at the input's end."""
    out = sys.stdout
    signal.signal(signal.SIGTERM, _leave)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with redirect_stdout(sys.stderr), TemporaryDirectory(prefix="modelpack-h2o-", ignore_cleanup_errors=True) as place:
        os.chdir(place)
        tempfile.tempdir = place
        try:
            told = _start({"ice_root": place, **json.loads(sys.stdin.readline())})
        except BaseException as error:  # noqa: BLE001 - it is told to whoever waits, who puts it in words
            told = {"error": " ".join(f"{error} {_last_words(Path(place))}".split())}
        out.write(json.dumps(told) + "\n")
        out.flush()
        try:
            if "error" not in told:
                sys.stdin.read()
        finally:
            _stop()


def _start(init: dict[str, Any]) -> dict[str, str]:
    import h2o

    warnings.simplefilter("ignore")
    h2o.init(**init)
    return {"url": str(h2o.connection().base_url)}


def _last_words(place: Path) -> str:
    """What Java said before it gave up: of some failures it tells on its standard output alone."""
    texts = (file.read_text(encoding="utf-8", errors="replace") for file in place.rglob("h2o_*.out"))
    return " ".join(" ".join(text.splitlines()[-_LINES:]) for text in texts)


def _stop() -> None:
    """End the H2O that this process has started, and any that is still on its way."""
    with suppress(Exception):
        import h2o

        server = h2o.connection().local_server
        if server is not None:
            server.shutdown()
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    with suppress(OSError):
        for child in children.read_text(encoding="ascii").split():
            os.kill(int(child), signal.SIGKILL)


def _leave(number: int, frame: object) -> NoReturn:  # noqa: ARG001 - the interpreter passes them
    raise SystemExit(128 + number)


if __name__ == "__main__":
    main()

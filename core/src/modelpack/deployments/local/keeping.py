"""The keeper as a program of its own, which outlives the command and the terminal that started it."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from modelpack.deployments.local import locks
from modelpack.deployments.local.keeper_signals import LOOK
from modelpack.errors import DeployError

if TYPE_CHECKING:
    from modelpack.deployments.local.places import Place

_SECONDS = 60.0


def start(place: Place) -> None:
    """Start the keeper of a place; it lives when this returns.

    Raises:
        DeployError: It could not be started.
    """
    command = [sys.executable, "-P", "-m", __name__, str(place.directory)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(_search_path())}
    with place.log_file.open("ab") as log:
        place.log_file.chmod(0o600)
        done = subprocess.run(  # noqa: S603 - this interpreter and our own program
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=place.directory,
            env=environment,
            timeout=_SECONDS,
            check=False,
        )
    if done.returncode != 0:
        raise DeployError(f"the deployment's keeper did not start; {place.log_file} says why", code="failed")


def _search_path() -> list[str]:
    """`PYTHONPATH` for a process in another directory."""
    return [os.path.abspath(path) for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]  # noqa: PTH100 - links are kept


def main() -> None:
    """Take the lock, go on in a process that belongs to nobody, and keep the deployment until told to end."""
    from modelpack.deployments.local.places import Place

    place = Place(Path(sys.argv[1]))
    descriptor = locks.take(place.keeper_lock)
    if descriptor is None:
        sys.exit(0)  # another lives
    signal.signal(LOOK, signal.SIG_IGN)  # until the keeper looks by itself
    if os.fork():
        os._exit(0)  # the child has the lock now
    os.setsid()
    locks.sign(descriptor, os.getpid())
    _keep(place)


def _keep(place: Place) -> None:
    import asyncio

    import uvloop

    from modelpack.deployments.local.keeper import Keeper
    from modelpack.deployments.local.orphans import end_orphans

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s keeper: %(message)s")
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    end_orphans(place)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(Keeper(place).run())


if __name__ == "__main__":
    main()

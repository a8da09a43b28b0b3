"""A registry of container images on loopback, with nothing in it."""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
import urllib.request
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from debian_packages import require
from ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def registry() -> Iterator[str]:
    """Start Debian's `docker-registry`; answers its address, `127.0.0.1:PORT`."""
    require(docker_registry="docker-registry")
    with tempfile.TemporaryDirectory(prefix="modelpack-registry-") as scratch:
        address = f"127.0.0.1:{free_port()}"
        configuration = {
            "version": 0.1,
            "log": {"accesslog": {"disabled": True}},
            "storage": {"filesystem": {"rootdirectory": f"{scratch}/data"}, "delete": {"enabled": True}},
            "http": {"addr": address},
        }
        file = Path(scratch, "config.yml")
        file.write_text(json.dumps(configuration))  # JSON is YAML
        with Path(scratch, "log").open("wb") as log:
            process = subprocess.Popen(["/usr/bin/docker-registry", "serve", str(file)], stdout=log, stderr=log)
        try:
            _await_answer(f"http://{address}/v2/", process)
            yield address
        finally:
            process.terminate()
            process.wait(timeout=30)


def _await_answer(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        assert process.poll() is None, "the registry ended before it answered"
        with suppress(OSError), urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - a loopback address
            if answer.status == 200:
                return
        time.sleep(0.1)
    raise AssertionError("the registry does not answer")

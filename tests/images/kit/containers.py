"""Containers of a test: started, asked, stopped and removed."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from docker_engine import NETWORK, DockerEngine


@dataclass(frozen=True, slots=True)
class Container:
    """A container that was started.

    Attributes:
        engine: The engine that runs it.
        id: Its id.
        port: The port that it is to listen on, inside.
    """

    engine: DockerEngine
    id: str
    port: int

    @property
    def url(self) -> str:
        """Where the port is reached from here."""
        return f"http://{self.engine.docker('port', self.id, str(self.port)).stdout.split()[0]}"

    def state(self) -> dict[str, Any]:
        """What the engine knows of its state: `Running`, `ExitCode`, `OOMKilled`, `Health`."""
        state: dict[str, Any] = json.loads(self.engine.docker("inspect", "-f", "{{json .State}}", self.id).stdout)
        return state

    def log(self) -> str:
        """What it has written."""
        done = self.engine.docker("logs", self.id)
        return done.stdout + done.stderr

    def get(self, path: str) -> str:
        """The body that a GET answers."""
        return _sent(urllib.request.Request(f"{self.url}{path}"))  # noqa: S310 - a loopback address

    def invoke(self, rows: dict[str, Any]) -> Any:
        """The predictions for a frame that `to_dict("split")` has made."""
        body = json.dumps({"dataframe_split": rows}).encode()
        request = urllib.request.Request(f"{self.url}/invocations", body, {"Content-Type": "application/json"})  # noqa: S310 - as above
        return json.loads(_sent(request))["predictions"]

    def await_ready(self, seconds: float = 90) -> None:
        """Wait until the server takes requests; a container that ends fails the test."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            assert self.state()["Running"], self.log()
            try:
                self.get("/health")
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
            else:
                return
        raise AssertionError(f"not ready after {seconds} s: {self.log()}")

    def await_end(self, seconds: float = 90) -> int:
        """Wait until it ends by itself; answers the exit code."""
        return int(self.engine.docker("wait", self.id, seconds=seconds).stdout)

    def stop(self) -> int:
        """Stop it as `docker stop` does; answers the exit code."""
        self.engine.docker("stop", "-t", "40", self.id)
        return int(self.state()["ExitCode"])


@contextmanager
def running(
    engine: DockerEngine, image: str, *options: str, command: str = "serve", port: int = 8080
) -> Iterator[Container]:
    """Start `docker run IMAGE serve`, with the options of `docker run` that are given."""
    network = ["--network", NETWORK, "-p", f"127.0.0.1::{port}"]
    container = Container(engine, engine.docker("run", "-d", *network, *options, image, command).stdout.strip(), port)
    try:
        yield container
    finally:
        engine.docker("rm", "-f", container.id, check=False)


def _sent(request: urllib.request.Request) -> str:
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - a loopback address
        text: str = answer.read().decode()
        return text

"""A container: the real scoring server in a process, with the contract of an image's `serve`."""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import subprocess
import threading
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modelpack.testing.program import Program, end_session
from sagemaker_simulator import artifacts, cloudwatch, requirements
from sagemaker_simulator.container_variables import Host, container_variables

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from modelpack.testing.program import Process
    from sagemaker_simulator.calls import Params
    from sagemaker_simulator.place import Place

_ANSWER_SECONDS = 60.0
_PING_SECONDS = 2.0
_GRACE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Log:
    """Where a container's output goes.

    Attributes:
        region: The region.
        group: The log group.
        stream: The log stream.
    """

    region: str
    group: str
    stream: str

    def write(self, line: str) -> None:
        """Add a line."""
        cloudwatch.write_log(self.region, self.group, self.stream, [line])


@dataclass(frozen=True, slots=True)
class Answer:
    """What a container answered.

    Attributes:
        status: The HTTP status.
        body: The body.
        content_type: Its type.
        headers: All headers, by lower-case name.
    """

    status: int
    body: bytes
    content_type: str
    headers: Mapping[str, str]


class Container:
    """One running server.

    Attributes:
        port: Where it listens.
        log: Where its output goes.
        requests: How many invocations it was sent.
    """

    def __init__(self, place: Place, definition: Params, environment: Mapping[str, str], log: Log) -> None:
        """Unpack the model and start the server.

        Raises:
            MissingDataError: The model is not there.
        """
        self.port = _free_port()
        self.log = log
        self.requests = 0
        self._account = place.account
        self._in_flight = 0
        self._idle = threading.Condition()
        self._directory = place.account.settings.directory / f"container-{uuid.uuid4().hex[:12]}"
        model = self._unpacked(definition)
        reading, writing = os.pipe()
        try:
            if self._account.run_command is None:
                host = Host(self._directory, model, self.port)
                image = self._account.images.get(requirements.ecr_uri(place, definition["Image"]))
                self._process = self._started(container_variables(host, image, definition, environment), writing)
            else:
                variables = {**definition.get("Environment", {}), **environment}
                mounts = {} if artifacts.data_uri(definition) is None else {"/opt/ml/model": model}
                command = self._account.run_command(definition["Image"], self.port, variables, mounts)
                self._process = _run(command, writing)
        finally:
            os.close(writing)
        self._account.containers.add(self)
        self._reader = threading.Thread(target=self._keep_log, args=(reading,), daemon=True)
        self._reader.start()

    def _unpacked(self, definition: Params) -> Path:
        model = self._directory / "model"
        model.mkdir(parents=True)
        try:
            artifacts.unpack(definition, model)
        except artifacts.MissingDataError:
            shutil.rmtree(self._directory)
            raise
        return model

    def _started(self, environment: Mapping[str, str], output: int) -> Process:
        program = Program(["-m", "modelpack.serving.container", "serve"], environment, self._directory)
        return self._account.settings.programs.start(program, output)

    def _keep_log(self, output: int) -> None:
        with open(output, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                if line.strip():  # CloudWatch keeps no empty lines
                    self.log.write(line.rstrip("\n"))

    def has_ended(self) -> bool:
        """Whether the server is no more."""
        return self._process.poll() is not None

    def passes(self) -> bool:
        """Whether the health check passes."""
        try:
            return self.ask("/ping").status == http.client.OK
        except (OSError, http.client.HTTPException):
            return False

    def ask(self, path: str) -> Answer:
        """What the server says to a `GET`.

        Raises:
            OSError: It does not answer in time.
        """
        return self._sent("GET", path, None, {}, _PING_SECONDS)

    def invoke(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        """What the model says.

        Raises:
            OSError: It does not answer in time.
        """
        return self._sent("POST", "/invocations", body, headers, _ANSWER_SECONDS)

    def _sent(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str], seconds: float) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=seconds)
        try:
            connection.request(method, path, body, dict(headers))
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, answer.read(), found.get("content-type", ""), found)
        finally:
            connection.close()

    def take(self) -> None:
        """Begin an invocation: the server is not ended before it is over."""
        with self._idle:
            self._in_flight += 1
            self.requests += 1

    def release(self) -> None:
        """The invocation is over."""
        with self._idle:
            self._in_flight -= 1
            self._idle.notify_all()

    def stop(self) -> None:
        """End the server as SageMaker does, and remove its files; again does no harm."""
        with self._idle:
            self._idle.wait_for(lambda: not self._in_flight, _GRACE_SECONDS)
        self._process.terminate()
        try:
            self._process.wait(_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            end_session(self._process)
        self._reader.join(_GRACE_SECONDS)
        self._account.containers.discard(self)
        shutil.rmtree(self._directory, ignore_errors=True)


def _run(command: Sequence[str], output: int) -> Process:
    """Start a program that is no server of ours, such as an engine's command line."""
    return subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
    )


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port

from __future__ import annotations

import json
import os
import select
import socket
from pathlib import Path
from typing import Any

import pytest

import modelpack.pyfunc
from modelpack.pyfunc.source import ModelSource
from modelpack.serving.processes.launching import Forks, Launcher, Programs
from modelpack.serving.processes.listening import listening_socket
from modelpack.serving.processes.reports import READY, Inbox
from modelpack.serving.settings import ServerSettings


def doubled() -> modelpack.pyfunc.PythonModel:
    """A model whose class is pickled by value."""

    class Doubled(modelpack.pyfunc.PythonModel):
        def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:  # noqa: ARG002 - the PythonModel protocol
            return model_input["a"] * 2

    return Doubled()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["fork", "program"])
def test_a_worker_loads_the_model_answers_and_ends_with_its_supervisor(tmp_path: Path, kind: str) -> None:
    """Whether it is a fork or a program of its own."""
    modelpack.pyfunc.save_model(tmp_path / "model", python_model=doubled())
    source, settings = ModelSource(uri=str(tmp_path / "model")), ServerSettings()
    lifeline, supervisor = os.pipe()
    with listening_socket("127.0.0.1", 0) as listener:
        forks, programs = Forks(source.load, settings, listener), Programs(source, settings, listener)
        launcher: Launcher = forks if kind == "fork" else programs
        child = launcher.start(lifeline, lambda: os.close(supervisor))
        inbox = Inbox(child.reports)
        assert select.select([child.reports], [], [], 60)[0]
        assert next(inbox.reports()) == READY
        with socket.create_connection(listener.getsockname(), timeout=30) as client:
            body = json.dumps({"dataframe_records": [{"a": 2}]}).encode()
            head = b"POST /invocations HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            head += b"Content-Type: application/json\r\n"
            client.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
            answer = b""
            while piece := client.recv(4096):
                answer += piece
    os.close(supervisor)
    assert os.waitpid(child.pid, 0)[1] == 0
    assert answer.endswith(b'{"predictions":[4]}')
    inbox.close()
    os.close(lifeline)

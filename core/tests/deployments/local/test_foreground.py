"""Programs in the foreground."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest

from modelpack import PluginOptions
from modelpack.contexts import LocalRunContext
from modelpack.deployments.local.foreground import published_port, run_container_in_foreground
from modelpack.deployments.records import DeployRequest
from modelpack.errors import DeployError


def ending_with(code: int) -> list[str]:
    """A program that ends with an exit code."""
    return [sys.executable, "-c", f"raise SystemExit({code})"]


def test_the_exit_code_of_a_container_is_answered() -> None:
    """Whichever it is: it is for the container to say."""
    assert run_container_in_foreground(ending_with(3), {}) == 3


def test_an_engine_that_fails_itself_is_an_error() -> None:
    """The exit code that docker and podman have for that is none of the container's."""
    with pytest.raises(DeployError, match="could not start the container") as caught:
        run_container_in_foreground(ending_with(125), {})
    assert "port" in str(caught.value.hint)


def test_where_a_container_listens_is_told() -> None:
    """At the port that was asked for, or at a free one."""
    told: list[str] = []
    request = DeployRequest(name="wine", model_path=Path("wine"), digest="sha256:0", options=PluginOptions())
    asked, found = (
        published_port(LocalRunContext(request=request, host="127.0.0.1", port=port, progress=told.append))
        for port in (5000, 0)
    )
    assert asked == 5000
    assert told == [f"listening on http://127.0.0.1:{port}" for port in (asked, found)]
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", found))

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from modelpack.serving.errors import CrossSiteError, WrongHostError
from modelpack.serving.gate import LoopbackGate, gate
from modelpack.serving.settings import ServerSettings

if TYPE_CHECKING:
    from pathlib import Path


def scope(method: str = "POST", server: tuple[str, int | None] | None = ("127.0.0.1", 5000)) -> dict[str, Any]:
    """A request that came in at an address."""
    return {"type": "http", "method": method, "path": "/invocations", "server": server}


@pytest.mark.parametrize(
    "host",
    [
        b"localhost",
        b"LOCALHOST:5000",
        b"127.0.0.1:5000",
        b"[::1]:5000",
        b"[::1]",
        b"192.168.1.7",
        b"me.localhost:80",
        b"host.docker.internal:5000",
        b"my-laptop:5000",
        None,
    ],
)
def test_a_server_on_the_loopback_interface_is_called_by_local_names(host: bytes | None) -> None:
    """By addresses, which no other site can take, by localhost, or as the settings say."""
    LoopbackGate("My-Laptop")(scope(), {} if host is None else {b"host": host})


@pytest.mark.parametrize(
    "host", [b"evil.example", b"evil.example:5000", b"localhost.evil.example", b"127.0.0.1.evil.example", b"", b"\xff"]
)
def test_a_name_that_was_pointed_at_it_is_refused(host: bytes) -> None:
    """So that no page of another site counts as the server's own (DNS rebinding)."""
    with pytest.raises(WrongHostError, match="not called"):
        LoopbackGate("127.0.0.1")(scope("GET"), {b"host": host})


def test_a_page_of_another_site_cannot_send_blindly() -> None:
    """Browsers say whose page a request is for."""
    headers = {b"host": b"localhost:5000", b"sec-fetch-site": b"cross-site"}
    with pytest.raises(CrossSiteError):
        LoopbackGate("127.0.0.1")(scope(), headers)
    LoopbackGate("127.0.0.1")(scope("GET"), headers)
    LoopbackGate("127.0.0.1")(scope(), {**headers, b"sec-fetch-site": b"same-origin"})


@pytest.mark.parametrize("server", [("10.0.0.7", 5000), ("testserver", 80), ("/run/server.sock", None), None])
def test_what_did_not_come_in_by_the_loopback_interface_is_let_through(server: tuple[str, int | None] | None) -> None:
    """An application under another web server may listen elsewhere than its settings say."""
    LoopbackGate("127.0.0.1")(scope(server=server), {b"host": b"models.example"})


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7"])  # noqa: S104 - not bound here
def test_a_server_for_others_takes_any_name(host: str) -> None:
    """It is known by names that it does not know itself."""
    assert gate(ServerSettings(host=host)) is None


def test_a_server_on_a_socket_takes_any_name(tmp_path: Path) -> None:
    """No browser reaches it but through a proxy."""
    assert gate(ServerSettings(socket=tmp_path / "socket")) is None


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost", "my-laptop"])
def test_a_server_for_this_machine_looks_at_names(host: str) -> None:
    """A name may stand for it; where requests come in decides then."""
    assert isinstance(gate(ServerSettings(host=host)), LoopbackGate)

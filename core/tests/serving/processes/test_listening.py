from __future__ import annotations

import socket
import stat
from pathlib import Path

import pytest

from modelpack.errors import InvalidArgumentError
from modelpack.serving.processes.listening import is_loopback, listening, listening_socket, unix_socket, url_of
from modelpack.serving.settings import ServerSettings


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A path that is short enough for a socket."""
    monkeypatch.chdir(tmp_path)
    return Path("model.sock")


def test_a_taken_port_is_told() -> None:
    """The hint says how to choose another."""
    with listening_socket("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(InvalidArgumentError, match=f"port {port} on 127.0.0.1 is taken") as caught:
            listening_socket("127.0.0.1", port)
    assert "--port" in str(caught.value.hint)


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid"])
def test_an_address_of_another_machine_is_told(host: str) -> None:
    """With the name that was given."""
    with pytest.raises(InvalidArgumentError, match=host):
        listening_socket(host, 0)


def test_small_answers_are_sent_at_once() -> None:
    """Asyncio turns Nagle's algorithm off only for sockets that say that they are TCP; else an answer waits 40 ms."""
    with listening_socket("127.0.0.1", 0) as listener:
        assert listener.proto == socket.IPPROTO_TCP


def test_a_unix_socket_is_for_the_user_and_the_group_and_goes_with_its_server(place: Path) -> None:
    """Nobody else may connect, and nothing is left."""
    with listening(ServerSettings(socket=place)) as listener:
        assert stat.S_IMODE(place.stat().st_mode) == 0o660
        assert url_of(listener, "http") == "http://localhost"
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(place))
    assert not place.exists()


def test_a_socket_that_nobody_listens_at_any_more_is_replaced(place: Path) -> None:
    """It is what a server leaves that was killed."""
    unix_socket(place).close()
    assert place.exists()
    with unix_socket(place), socket.socket(socket.AF_UNIX) as client:
        client.connect(str(place))


def test_a_socket_that_another_server_listens_at_is_told(place: Path) -> None:
    """And goes on to work."""
    with unix_socket(place):
        with pytest.raises(InvalidArgumentError, match="taken by another server"):
            unix_socket(place)
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(place))


def test_a_server_does_not_remove_the_socket_of_its_successor(place: Path) -> None:
    """The file that is there at the end may be another's."""
    with listening(ServerSettings(socket=place)):
        place.unlink()
        with unix_socket(place):
            pass
    assert place.exists()


def test_a_file_that_is_no_socket_is_kept(place: Path) -> None:
    """A mistyped path must not cost a file."""
    place.write_text("mine", encoding="utf-8")
    with pytest.raises(InvalidArgumentError, match="no socket"):
        unix_socket(place)
    assert place.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("path", ["absent/model.sock", "x" * 200], ids=["directory", "length"])
def test_a_path_that_cannot_be_a_socket_is_told(place: Path, path: str) -> None:  # noqa: ARG001 - where it is tried
    """With what the system says."""
    with pytest.raises(InvalidArgumentError, match="cannot listen at the socket"):
        unix_socket(Path(path))


@pytest.mark.parametrize(("host", "expected"), [("127.0.0.1", True), ("127.0.0.9", True), ("0.0.0.0", False)])  # noqa: S104 - what is asked
def test_it_is_known_who_can_reach_an_address(host: str, *, expected: bool) -> None:
    """Only this machine, or others."""
    with listening_socket(host, 0) as listener:
        assert is_loopback(listener) is expected

from __future__ import annotations

from typing import Any

import pytest

from modelpack.serving.processes.joined_writes import JoinedWrites

HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n"


class Wire:
    """A transport that remembers what is done with it."""

    def __init__(self) -> None:
        self.done: list[bytes | str] = []

    def write(self, data: bytes) -> None:
        """Remember a write."""
        self.done.append(data)

    def close(self) -> None:
        """Remember the end."""
        self.done.append("closed")

    def is_closing(self) -> bool:
        """What the joined one passes on."""
        return "closed" in self.done


def written(*data: bytes) -> list[Any]:
    """What reaches the wire of so many writes."""
    wire = Wire()
    transport = JoinedWrites(wire)  # type: ignore[arg-type]  # as far as a transport is needed
    for each in data:
        transport.write(each)
    return wire.done


@pytest.mark.parametrize(
    ("data", "reaching"),
    [
        pytest.param([HEAD, b"1"], [HEAD + b"1"], id="a small body goes with its head"),
        pytest.param([HEAD, b""], [HEAD], id="an empty one as well"),
        pytest.param([HEAD, b"1", b"2"], [HEAD + b"1", b"2"], id="the rest follows as it comes"),
        pytest.param([HEAD, b"x" * 70_000], [HEAD, b"x" * 70_000], id="a large one is not copied"),
        pytest.param(
            [b"HTTP/1.1 100 Continue\r\n\r\n", HEAD, b"1"],
            [b"HTTP/1.1 100 Continue\r\n\r\n", HEAD + b"1"],
            id="the client that waits to go on is told at once",
        ),
    ],
)
def test_an_answer_leaves_with_as_few_writes_as_it_can(data: list[bytes], reaching: list[bytes]) -> None:
    """And nothing of it is lost or changed."""
    assert written(*data) == reaching


def test_a_head_that_waits_leaves_before_the_connection_closes() -> None:
    """An answer that was broken off shows at least its status."""
    wire = Wire()
    transport = JoinedWrites(wire)  # type: ignore[arg-type]  # as far as a transport is needed
    transport.write(HEAD)
    transport.close()
    assert wire.done == [HEAD, "closed"]
    assert transport.is_closing()

"""An open loop: requests are sent when they are due, whether or not others were answered.

`open_loop.py` reads its plan as JSON from standard input and prints what it saw. Arrivals are random (Poisson); a
latency counts from the moment that its request was due, so that a server which stalls cannot hide it, nor the time
that a request waited here because every connection was taken.
"""

from __future__ import annotations

import contextlib
import json
import random
import re
import select
import socket
import sys
import time
from collections import deque
from pathlib import Path
from typing import Any

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_LAST_CHUNK = b"\r\n0\r\n\r\n"


class Connection:
    """One kept-alive connection with at most one request on it."""

    __slots__ = ("address", "due", "read", "socket")

    def __init__(self, address: tuple[str, int]) -> None:
        """Connect."""
        self.address = address
        self.due = 0.0
        self.read = b""
        self.connect()

    def connect(self) -> None:
        """Open the connection, again after the server has closed it."""
        self.socket = socket.create_connection(self.address, timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, request: bytes, due: float) -> None:
        """Send the request that was due then."""
        self.due = due
        self.read = b""
        self.socket.sendall(request)

    def receive(self) -> int | None:
        """Read what has come; the status when the answer is complete, 0 when the server hung up."""
        try:
            data = self.socket.recv(1 << 18)
        except OSError:
            data = b""
        self.read += data
        if not data:
            return 0
        end = self.read.find(b"\r\n\r\n")
        if end < 0:
            return None
        length = _LENGTH.search(self.read, 0, end)
        complete = len(self.read) >= end + 4 + int(length[1]) if length else self.read.endswith(_LAST_CHUNK)
        return int(self.read[9:12]) if complete else None


class Generator:
    """Sends one request at random moments and keeps what became of each."""

    def __init__(self, plan: dict[str, Any]) -> None:
        """Open the connections."""
        self._rate: float = plan["rate"]
        self._seconds: float = plan["seconds"]
        self._request = _request(plan)
        self._random = random.Random(plan["seed"])  # noqa: S311 - arrivals are no secrets
        self._epoll = select.epoll()
        self._idle: deque[Connection] = deque()
        self._by_file: dict[int, Connection] = {}
        self._busy = 0
        self.latencies: dict[int, list[float]] = {}
        self.lags: list[float] = []
        self.offered = 0
        for _ in range(plan["connections"]):
            connection = Connection((plan["host"], plan["port"]))
            self._register(connection)
            self._idle.append(connection)

    def run(self, patience: float) -> None:
        """Send for so many seconds, then wait for the answers that are missing, no longer than the patience."""
        due = time.perf_counter()
        end = due + self._seconds
        while True:
            now = time.perf_counter()
            while due <= now and due < end and self._idle:
                self._send(due, now)
                due += self._random.expovariate(self._rate)
            if due >= end and not self._busy:
                break
            if now > end + patience:
                self.latencies.setdefault(-1, []).extend([patience] * self._unanswered(due, end))
                break
            self._await(min(due, end) - now if self._idle and due < end else 0.05)

    def _send(self, due: float, now: float) -> None:
        self.offered += 1
        self.lags.append(now - due)
        connection = self._idle.popleft()
        self._busy += 1
        try:
            connection.send(self._request, due)
        except OSError:
            self._finish(connection, 0)

    def _await(self, seconds: float) -> None:
        select.select([self._epoll.fileno()], [], [], max(seconds, 0.0))  # epoll itself waits whole milliseconds
        for file, _ in self._epoll.poll(0):
            connection = self._by_file[file]
            status = connection.receive()
            if status is not None:
                self._finish(connection, status)

    def _finish(self, connection: Connection, status: int) -> None:
        if connection.due:
            self.latencies.setdefault(status, []).append(time.perf_counter() - connection.due)
            self._busy -= 1
            self._idle.append(connection)
        connection.due = 0.0
        if status == 0 or b"onnection: close" in connection.read:
            self._reconnect(connection)

    def _reconnect(self, connection: Connection) -> None:
        self._by_file.pop(connection.socket.fileno())
        connection.socket.close()
        with contextlib.suppress(OSError):
            connection.connect()
            self._register(connection)
            return
        if connection in self._idle:
            self._idle.remove(connection)

    def _register(self, connection: Connection) -> None:
        self._by_file[connection.socket.fileno()] = connection
        self._epoll.register(connection.socket.fileno(), select.EPOLLIN)

    def _unanswered(self, due: float, end: float) -> int:
        """Requests at the server, and those that were due and never found a connection."""
        never = 0
        while due < end:
            never += 1
            due += self._random.expovariate(self._rate)
        self.offered += never
        return self._busy + never


def summary(generator: Generator, seconds: float) -> dict[str, Any]:
    """What became of the requests, by status: 0 is a broken connection, -1 no answer at all."""
    statuses = {
        str(status): {"count": len(found), **_quantiles(found)} for status, found in generator.latencies.items()
    }
    return {"offered": generator.offered / seconds, "statuses": statuses, "lag": _quantiles(generator.lags)}


def _quantiles(found: list[float]) -> dict[str, float]:
    ordered = sorted(found) or [0.0]
    return {
        "p50": ordered[len(ordered) // 2],
        "p99": ordered[min(int(len(ordered) * 0.99), len(ordered) - 1)],
        "max": ordered[-1],
    }


def _request(plan: dict[str, Any]) -> bytes:
    body = Path(plan["body"]).read_bytes()
    head = (
        f"POST {plan['path']} HTTP/1.1\r\nHost: {plan['host']}:{plan['port']}\r\n"
        f"Content-Type: {plan['media_type']}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def main() -> None:
    """Run the plan."""
    plan = json.load(sys.stdin)
    generator = Generator(plan)
    generator.run(plan["patience"])
    print(json.dumps(summary(generator, plan["seconds"])))


if __name__ == "__main__":
    main()

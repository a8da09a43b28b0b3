"""Whether a server says that it lives while its model is at work."""

from __future__ import annotations

import http.client
import statistics
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING

from running import HOST, OK, post

if TYPE_CHECKING:
    from running import Request, Running

CLIENTS = 4
PAUSE = 0.02


def liveness(server: Running, request: Request, path: str, seconds: float) -> dict[str, float]:
    """How long the answers to pings take while four clients wait for predictions that take a second each."""
    end = time.perf_counter() + seconds
    clients = [threading.Thread(target=_predict, args=(server, request, end)) for _ in range(CLIENTS)]
    for client in clients:
        client.start()
    time.sleep(0.2)  # until they are at it
    times, failures = [], 0
    while time.perf_counter() < end:
        elapsed, alive = _ping(server.port, path)
        times.append(elapsed)
        failures += not alive
        time.sleep(PAUSE)
    for client in clients:
        client.join()
    times.sort()
    return {"p50": statistics.median(times), "p99": times[int(len(times) * 0.99)], "max": times[-1], "failed": failures}


def _predict(server: Running, request: Request, end: float) -> None:
    while time.perf_counter() < end:
        post(server.port, request)


def _ping(port: int, path: str) -> tuple[float, bool]:
    start = time.perf_counter()
    try:
        with closing(http.client.HTTPConnection(HOST, port, timeout=60)) as connection:
            connection.request("GET", path)
            alive = connection.getresponse().status == OK
    except (OSError, http.client.HTTPException):
        alive = False
    return time.perf_counter() - start, alive

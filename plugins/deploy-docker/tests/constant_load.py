"""Clients that never pause."""

from __future__ import annotations

import http.client
import json
import threading
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

BODY = json.dumps({"inputs": {"x": [1.0]}}).encode()
JSON = {"Content-Type": "application/json"}
OK = 200


@contextmanager
def asked_all_the_time(endpoint: str, *, kept: int = 3, fresh: int = 2) -> Iterator[Counter[str]]:
    """Have clients send one request after the other, some on a connection that they keep; counts what they get."""
    counts: Counter[str] = Counter()
    ended = threading.Event()
    manners = [True] * kept + [False] * fresh
    clients = [threading.Thread(target=_ask_on, args=(endpoint, keeps, counts, ended)) for keeps in manners]
    for client in clients:
        client.start()
    try:
        yield counts
    finally:
        ended.set()
        for client in clients:
            client.join()


def _ask_on(endpoint: str, keeps: bool, counts: Counter[str], ended: threading.Event) -> None:  # noqa: FBT001 - a thread's argument
    connection = http.client.HTTPConnection(urlsplit(endpoint).netloc, timeout=60)
    while not ended.is_set():
        try:
            counts[_answer(connection)] += 1
        except (OSError, http.client.HTTPException) as error:
            counts[repr(error)] += 1
            connection.close()
        if not keeps:
            connection.close()
    connection.close()


def _answer(connection: http.client.HTTPConnection) -> str:
    connection.request("POST", "/invocations", BODY, JSON)
    answer = connection.getresponse()
    text = answer.read().decode()
    return str(json.loads(text)["predictions"][0]) if answer.status == OK else f"{answer.status} {text}"

"""Clients that never pause, to see whether a deployment drops a request while it is changed."""

from __future__ import annotations

import http.client
import json
import threading
from collections import Counter
from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

_BODY = json.dumps({"inputs": {"x": [1.0]}}).encode()
_JSON = {"Content-Type": "application/json"}
_SECONDS = 60.0


@contextmanager
def asked_all_the_time(endpoint: str, *, kept: int = 3, fresh: int = 2) -> Iterator[Counter[str]]:
    """Have clients ask a model for what it predicts for `x` = 1, one request after the other.

    Args:
        endpoint: The URL of the scoring server.
        kept: How many clients keep their connection.
        fresh: How many make one for each request.

    Returns:
        A context manager that gives how often each answer came: the prediction as text, or the error.
    """
    counts: Counter[str] = Counter()
    ended = threading.Event()
    clients = [threading.Thread(target=_ask_on, args=(endpoint, counts, ended)) for _ in range(kept)]
    clients += [threading.Thread(target=_ask_anew, args=(endpoint, counts, ended)) for _ in range(fresh)]
    for client in clients:
        client.start()
    try:
        yield counts
    finally:
        ended.set()
        for client in clients:
            client.join()


def _ask_on(endpoint: str, counts: Counter[str], ended: threading.Event) -> None:
    connection = _connection(endpoint)
    while not ended.is_set():
        counts[_outcome(connection)] += 1
    connection.close()


def _ask_anew(endpoint: str, counts: Counter[str], ended: threading.Event) -> None:
    while not ended.is_set():
        connection = _connection(endpoint)
        counts[_outcome(connection)] += 1
        connection.close()


def _connection(endpoint: str) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(urlsplit(endpoint).netloc, timeout=_SECONDS)


def _outcome(connection: http.client.HTTPConnection) -> str:
    try:
        connection.request("POST", "/invocations", _BODY, _JSON)
        answer = connection.getresponse()
        text = answer.read().decode()
    except (OSError, http.client.HTTPException) as error:
        connection.close()
        return repr(error)
    return str(json.loads(text)["predictions"][0]) if answer.status == HTTPStatus.OK else f"{answer.status} {text}"

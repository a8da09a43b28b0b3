"""The names of requests, by which a client's report is found in the log."""

from __future__ import annotations

import itertools
import os
import re
from contextvars import ContextVar

REQUEST_ID: ContextVar[str | None] = ContextVar("modelpack_request_id", default=None)
"""The id of the request that is being answered."""

_ALLOWED = re.compile(rb"[A-Za-z0-9._:/+=-]{1,128}")


class RequestIds:
    """Gives ids to requests: those that clients sent, and new ones that no other process gives."""

    def __init__(self) -> None:
        """Begin a series of new ids; make one in each process."""
        self._series = os.urandom(8).hex()
        self._numbers = itertools.count()

    def choose(self, sent: bytes | None) -> bytes:
        """The id that a client gave its request, or a new one where it gave none or one that is not fit for a log."""
        if sent is not None and _ALLOWED.fullmatch(sent):
            return sent
        return f"{self._series}{next(self._numbers):08x}".encode()

"""What is asked of the servers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Case:
    """One request, sent over and over by so many connections at a time."""

    model: str
    rows: int
    connections: int
    arrow: bool = False

    @property
    def name(self) -> str:
        """What the table and the command line call it."""
        return f"{self.model}-{self.rows}{'-arrow' if self.arrow else ''}-c{self.connections}"


CLOSED = (
    Case("iris", 1, 1),
    Case("iris", 1, 16),
    Case("iris", 1, 64),
    Case("iris", 1_000, 4),
    Case("forest", 1, 1),
    Case("forest", 1, 16),
    Case("forest", 1, 64),
    Case("forest", 1_000, 4),
    Case("wide", 1_000, 4),
    Case("wide", 10_000, 4),
    Case("wide", 10_000, 4, arrow=True),
)
"""Closed loops: a connection sends its next request when it has the answer to the last."""

OVERLOADED = ("iris", "forest")
"""The models that are offered twice what the server sustains, one row a request."""

SLOW = "slow"
"""The model that takes a second, while which the server is asked whether it lives."""

MODELS = ("iris", "forest", "wide", SLOW)

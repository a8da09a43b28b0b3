"""What the parts of the server tell of their work."""

from __future__ import annotations

from typing import Protocol


class Meter(Protocol):
    """Takes note of requests and of calls to the model; `observing.metrics` keeps them for Prometheus."""

    def request(self, route: str, method: str, status: int, seconds: float) -> None:
        """A request to a route was answered after so many seconds."""

    def batch(self, requests: int, rows: int, seconds: float) -> None:
        """The model was called once for so many requests with so many rows together, and took so long."""

    def queue(self, waiting: int) -> None:
        """So many requests wait for the model now."""


class SilentMeter:
    """Takes note of nothing."""

    def request(self, route: str, method: str, status: int, seconds: float) -> None:
        """Do nothing."""

    def batch(self, requests: int, rows: int, seconds: float) -> None:
        """Do nothing."""

    def queue(self, waiting: int) -> None:
        """Do nothing."""

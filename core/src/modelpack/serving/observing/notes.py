"""What is noted of each request that was answered: its counts, and its line in the log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelpack.serving.observing.route_names import OTHER

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import Scope

    from modelpack.serving.observing.access_log import AccessLog
    from modelpack.serving.observing.metrics import Metrics

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Notes:
    """Takes note of requests."""

    def __init__(self, route_name: Callable[[str], str], metrics: Metrics, access_log: AccessLog | None = None) -> None:
        """Take note in the metrics, and in the log if there is one.

        Args:
            route_name: What a path is called in metrics, logs and traces.
            metrics: Where requests are counted.
            access_log: Where requests are logged.
        """
        self.route_name = route_name
        self._metrics = metrics
        self._access_log = access_log

    def began(self) -> None:
        """A request is being answered."""
        self._metrics.in_progress += 1

    def refused(self, client: tuple[str, int] | None, status: int, size: int) -> None:
        """What a client sent was refused before it was a request.

        Args:
            client: Its address.
            status: Of the answer.
            size: Bytes of the answer's body.
        """
        self._metrics.request(OTHER, OTHER, status, 0.0)
        if self._access_log is not None:
            nothing = {"method": "-", "path": "-", "client": client}
            self._access_log.write(nothing, status, size, 0.0, {"route": OTHER, "request_id": "-"})

    def answered(
        self, scope: Scope, status: int, size: int, seconds: float, request_id: str, trace_id: str | None = None
    ) -> None:
        """A request was answered.

        Args:
            scope: The request.
            status: Of the answer.
            size: Bytes of the answer's body.
            seconds: From the request's head to the end of the answer.
            request_id: Its id.
            trace_id: The trace that it belongs to.
        """
        self._metrics.in_progress -= 1
        method, route = scope["method"], self.route_name(scope["path"])
        self._metrics.request(route, method if method in _METHODS else OTHER, status, seconds)
        if self._access_log is not None:
            facts = {"route": route, "request_id": request_id}
            if trace_id is not None:
                facts["trace_id"] = trace_id
            self._access_log.write(scope, status, size, seconds, facts)

"""The simulator's own routes, for a hand or a test in another process: `/simulator/names` and so on."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request, Response

from sagemaker_simulator.failures import Failure

if TYPE_CHECKING:
    from collections.abc import Callable

    from sagemaker_simulator.simulator import SageMakerSimulator

PREFIX = "/simulator/"


class Control:
    """Answers the routes.

    `GET names`, `GET changes`, `POST reset`, `POST failures` with `{"operation", "failure", "times"}`, and
    `POST foreign-endpoints` with `{"name"}`.
    """

    def __init__(self, simulator: SageMakerSimulator) -> None:
        """Show and steer a simulator."""
        self._simulator = simulator
        self._routes: dict[tuple[str, str], Callable[[dict[str, Any]], object]] = {
            ("GET", "names"): lambda _: dict(simulator.names()),
            ("GET", "changes"): lambda _: simulator.changes,
            ("POST", "reset"): lambda _: simulator.reset(),
            ("POST", "failures"): self._fail,
            ("POST", "foreign-endpoints"): lambda given: simulator.create_foreign_endpoint(given["name"]),
        }

    def answer(self, environ: dict[str, Any]) -> Response:
        """Answer one request."""
        request = Request(environ)
        route = self._routes.get((request.method, request.path.removeprefix(PREFIX)))
        if route is None:
            known = ", ".join(f"{method} {PREFIX}{name}" for method, name in self._routes)
            return Response(f"there are {known}\n", HTTPStatus.NOT_FOUND)
        try:
            found = route(json.loads(request.get_data() or b"{}"))
        except (KeyError, ValueError) as error:
            return Response(f"{error!r}\n", HTTPStatus.BAD_REQUEST)
        return Response(json.dumps(found) + "\n", content_type="application/json")

    def _fail(self, given: dict[str, Any]) -> None:
        self._simulator.fail_next(given["operation"], Failure(given["failure"]), times=given.get("times", 1))

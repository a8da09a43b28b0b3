"""What load balancers and people ask a server that runs."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, TypeAlias

from starlette.responses import Response

from modelpack import __version__
from modelpack.serving.errors import SAFE, json_response

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    from modelpack.pyfunc.model import PyFuncModel
    from modelpack.serving.scoring.engine import Engine

Endpoint: TypeAlias = "Callable[[Request], Awaitable[Response]]"


def ping(engine: Engine) -> Endpoint:
    """The endpoint that says whether the process lives: 200 with a newline, as SageMaker expects it (S102).

    503 when the model has stopped to return from its calls, and the process should be replaced.
    """

    async def endpoint(request: Request) -> Response:  # noqa: ARG001 - Starlette passes it
        return _unwell("the model does not return from its calls") if engine.exhausted else _well()

    return endpoint


def health(engine: Engine) -> Endpoint:
    """The endpoint that says whether requests should be sent here: 200 once the model has passed its warm-up."""

    async def endpoint(request: Request) -> Response:  # noqa: ARG001 - Starlette passes it
        return _well() if engine.ready else _unwell("the model is not ready")

    return endpoint


def version(model: PyFuncModel) -> Endpoint:
    """The endpoint that says which modelpack serves which model."""
    content = {"modelpack": __version__, "model_uuid": model.metadata.model_uuid, "digest": model.digest}

    async def endpoint(request: Request) -> Response:  # noqa: ARG001 - Starlette passes it
        return json_response(content)

    return endpoint


def _well() -> Response:
    return Response("\n", headers=SAFE, media_type="application/json")


def _unwell(message: str) -> Response:
    content = {"error_code": "TEMPORARILY_UNAVAILABLE", "message": message}
    return json_response(content, HTTPStatus.SERVICE_UNAVAILABLE, {"Retry-After": "1"})

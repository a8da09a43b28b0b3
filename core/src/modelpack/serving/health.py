"""What load balancers and people ask a server that runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response

from modelpack import __version__
from modelpack.serving.errors import SAFE, json_response

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    from modelpack.pyfunc.model import PyFuncModel


async def ping(request: Request) -> Response:  # noqa: ARG001 - Starlette passes it
    """Say that the model is loaded: 200 with a newline, as SageMaker and MLflow's clients expect it (S102)."""
    return Response("\n", headers=SAFE, media_type="application/json")


def version(model: PyFuncModel) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint that says which modelpack serves which model."""
    content = {"modelpack": __version__, "model_uuid": model.metadata.model_uuid, "digest": model.digest}

    async def endpoint(request: Request) -> Response:  # noqa: ARG001 - Starlette passes it
        return json_response(content)

    return endpoint

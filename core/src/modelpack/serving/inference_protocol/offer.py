"""The protocol as far as it can be spoken: its tensors need NumPy, which a server can do without."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.routing import Route

from modelpack.data.libraries import require
from modelpack.errors import MissingDependencyError
from modelpack.serving.inference_protocol.failures import failure

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp

    from modelpack.pyfunc.model import PyFuncModel
    from modelpack.serving.scoring.engine import Engine
    from modelpack.serving.settings import ServerSettings


def inference_protocol(
    model: PyFuncModel, engine: Engine, settings: ServerSettings
) -> tuple[dict[str, ASGIApp], list[Route]]:
    """What answers predictions, by path, and the other routes of the protocol."""
    try:
        require("numpy", "pandas")
    except MissingDependencyError as error:
        return {}, [_missing(error)]
    from modelpack.serving.inference_protocol.routes import InferenceProtocol

    protocol = InferenceProtocol(model, engine, settings)
    return protocol.hot, protocol.routes


def _missing(error: MissingDependencyError) -> Route:
    """The answer to everything without NumPy."""

    async def endpoint(request: Request) -> Response:  # noqa: ARG001 - Starlette passes it
        return failure(error, debug=False)

    return Route("/v2{rest:path}", endpoint, methods=["GET", "POST"])

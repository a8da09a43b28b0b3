"""`POST /v1/models/{name}:predict`: what clients of the first version of the protocol send."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.responses import Response

from modelpack.serving.inference_protocol.failures import as_failure

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Predict:
    """Answers as `/invocations` does, which takes the same instances, with errors in the protocol's form."""

    def __init__(self, invocations: ASGIApp) -> None:
        """Let `/invocations` answer."""
        self._invocations = invocations

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        failed: Message | None = None

        async def translate(message: Message) -> None:
            nonlocal failed
            if message["type"] == "http.response.start" and message["status"] >= HTTPStatus.BAD_REQUEST:
                failed = message
            elif failed is not None:
                headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in failed["headers"]}
                await as_failure(Response(message["body"], failed["status"], headers))(scope, receive, send)
            else:
                await send(message)

        await self._invocations(scope, receive, translate)

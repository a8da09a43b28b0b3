"""`POST /invocations`: one batch in, its predictions out (S103)."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from starlette.responses import Response

from modelpack.data.codecs import JSON, Decoder, request_codec
from modelpack.data.tables import output_names
from modelpack.errors import UnsupportedMediaTypeError
from modelpack.serving.answers import Negotiator
from modelpack.serving.body import decompressed, read_body
from modelpack.serving.errors import LOGGER, SAFE, RequestTimeoutError, error_response
from modelpack.serving.pool import ThreadPool

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from modelpack.data.codecs import Codec
    from modelpack.data.media_types import MediaType
    from modelpack.pyfunc.model import PyFuncModel
    from modelpack.serving.answers import Answer
    from modelpack.serving.settings import ServerSettings


class Invocations:
    """The ASGI application of the route.

    Decoding, prediction and encoding run together in one thread of a pool, so that however slow a model is, the
    event loop goes on answering health checks.
    """

    def __init__(self, model: PyFuncModel, settings: ServerSettings) -> None:
        """Prepare to score with a model."""
        self._model = model
        self._settings = settings
        self._decoder = Decoder(model.signature)
        self._negotiator = Negotiator(settings.protocol, output_names(model.signature))
        self._pool = ThreadPool(settings.threads)
        self._noticed = settings.protocol == "mlflow-0.1"

    def close(self) -> None:
        """Let the threads go; one that a model still holds is not waited for."""
        self._pool.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            response = await self._respond(dict(scope["headers"]), receive)
        except Exception as error:  # noqa: BLE001 - whatever happens, the client gets an answer
            response = error_response(error, debug=self._settings.debug)
        await response(scope, receive, send)

    async def _respond(self, headers: dict[bytes, bytes], receive: Receive) -> Response:
        codec, media_type = self._codec(headers.get(b"content-type", b"").decode("latin-1"))
        accept = headers.get(b"accept")
        answer = self._negotiator.choose(None if accept is None else accept.decode("latin-1"), codec)
        body = await read_body(receive, headers.get(b"content-length"), self._settings.max_body)
        encoding = headers.get(b"content-encoding")
        score = partial(self._score, body, encoding, codec, media_type, answer)
        try:
            async with asyncio.timeout(self._settings.timeout):
                content = await self._pool.run(score)
        except TimeoutError:
            raise RequestTimeoutError(
                f"the model took longer than {self._settings.timeout:g} s",
                hint="send fewer rows in one request, or raise --timeout",
            ) from None
        return Response(content, headers=SAFE, media_type=answer.media_type)

    def _codec(self, content_type: str) -> tuple[Codec, MediaType]:
        codec, media_type = request_codec(content_type)
        if self._settings.protocol == "mlflow-0.1" and codec is not JSON:
            raise UnsupportedMediaTypeError(f"JSON data expected; {media_type.name} came")
        return codec, media_type

    def _score(self, body: bytes, encoding: bytes | None, codec: Codec, media_type: MediaType, answer: Answer) -> bytes:
        if encoding is not None:
            body = decompressed(body, encoding.decode("latin-1"), self._settings.max_body)
        payload = codec.decode(body, media_type, self._decoder.plan)
        if payload.notice is not None and not self._noticed:
            self._noticed = True
            LOGGER.warning(payload.notice)
        return answer.encode(self._model.predict(payload.data, payload.params))

"""`POST /invocations`: one batch in, its predictions out (S103)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response

from modelpack.data.codecs import JSON, Decoder, request_codec
from modelpack.data.tables import output_names
from modelpack.errors import UnsupportedMediaTypeError
from modelpack.serving.answers import Negotiator
from modelpack.serving.body import read_body
from modelpack.serving.content_encoding import decompressed
from modelpack.serving.engine import Invocation
from modelpack.serving.errors import LOGGER, SAFE, error_response, wrong_method
from modelpack.serving.headers import by_name

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from modelpack.data.codecs import Codec
    from modelpack.data.media_types import MediaType
    from modelpack.data.payload import Payload
    from modelpack.schema.signature import ModelSignature
    from modelpack.serving.engine import Engine
    from modelpack.serving.settings import ServerSettings


class Invocations:
    """The ASGI application of the route."""

    def __init__(self, engine: Engine, signature: ModelSignature | None, settings: ServerSettings) -> None:
        """Score with an engine, reading and writing by the signature of its model."""
        self._engine = engine
        self._settings = settings
        self._decoder = Decoder(signature)
        self._negotiator = Negotiator(settings.protocol, output_names(signature))
        self._noticed = settings.protocol == "mlflow-0.1"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            response = await self._respond(scope, receive)
        except Exception as error:  # noqa: BLE001 - whatever happens, the client gets an answer
            response = error_response(error, debug=self._settings.debug)
        await response(scope, receive, send)

    async def _respond(self, scope: Scope, receive: Receive) -> Response:
        if scope["method"] != "POST":
            return wrong_method(scope["path"], scope["method"], "POST")
        headers = by_name(scope["headers"])
        codec, media_type = self._codec(headers.get(b"content-type", b"").decode("latin-1"))
        accept = headers.get(b"accept")
        answer = self._negotiator.choose(None if accept is None else accept.decode("latin-1"), codec)
        body = await read_body(receive, headers.get(b"content-length"), self._settings.max_body, self._settings.timeout)
        encoding = headers.get(b"content-encoding")
        invocation = Invocation(lambda: self._read(body, encoding, codec, media_type), answer.encode, len(body))
        return Response(await self._engine.score(invocation), headers=SAFE, media_type=answer.media_type)

    def _codec(self, content_type: str) -> tuple[Codec, MediaType]:
        codec, media_type = request_codec(content_type)
        if self._settings.protocol == "mlflow-0.1" and codec is not JSON:
            raise UnsupportedMediaTypeError(f"JSON data expected; {media_type.name} came")
        return codec, media_type

    def _read(self, body: bytes, encoding: bytes | None, codec: Codec, media_type: MediaType) -> Payload:
        if encoding is not None:
            body = decompressed(body, encoding.decode("latin-1"), self._settings.max_body)
        payload = codec.decode(body, media_type, self._decoder.plan)
        if payload.notice is not None and not self._noticed:
            self._noticed = True
            LOGGER.warning(payload.notice)
        return payload

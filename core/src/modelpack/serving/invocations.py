"""`POST /invocations`: one batch in, its predictions out (S103)."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import TYPE_CHECKING

from modelpack.data.codecs import CSV, JSON, JSON_LINES, Decoder, request_codec
from modelpack.data.tables import output_names
from modelpack.errors import UnsupportedMediaTypeError
from modelpack.serving.answers import Negotiator
from modelpack.serving.body import client_gone, read_body
from modelpack.serving.content_encoding import decompressed
from modelpack.serving.errors import LOGGER, error_response, wrong_method
from modelpack.serving.headers import by_name
from modelpack.serving.scoring.engine import LARGE, Invocation

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.types import Receive, Scope, Send

    from modelpack.data.codecs import Codec
    from modelpack.data.media_types import MediaType
    from modelpack.data.payload import Payload
    from modelpack.schema.signature import ModelSignature
    from modelpack.serving.answers import Answer
    from modelpack.serving.scoring.batching import Failure
    from modelpack.serving.scoring.engine import Engine
    from modelpack.serving.settings import ServerSettings
    from modelpack.serving.whole import WholeAnswer, WholeRequest

_PLAIN = (JSON, CSV, JSON_LINES)
"""Formats whose content is no larger than it looks."""


class Invocations:
    """The ASGI application of the route, and the handler of such requests as are whole."""

    def __init__(self, engine: Engine, signature: ModelSignature | None, settings: ServerSettings) -> None:
        """Score with an engine, reading and writing by the signature of its model."""
        self._engine = engine
        self._settings = settings
        self._decoder = Decoder(signature, arrays=engine.model.takes_arrays, largest=settings.max_body)
        self._negotiator = Negotiator(settings.protocol, output_names(signature))
        self._noticed = settings.protocol == "mlflow-0.1"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["method"] != "POST":
            await wrong_method(scope["path"], scope["method"], "POST")(scope, receive, send)
            return
        try:
            answer = await self._respond(scope, receive)
        except Exception as error:  # noqa: BLE001 - whatever happens, the client gets an answer
            await error_response(error, debug=self._settings.debug)(scope, receive, send)
            return
        await answer.send(send)

    def takes(self, headers: Mapping[bytes, bytes], size: int) -> bool:
        """Whether a request is small, and no larger than it looks."""
        return self._engine.reads_at_once(headers, size) and _is_plain(headers.get(b"content-type", b""))

    def begin(self, request: WholeRequest, take: Callable[[WholeAnswer | Failure], object]) -> None:
        """Begin to answer a request.

        Raises:
            ModelpackError: The request is refused; `take` is not called then.
        """
        codec, media_type, answer = self._formats(request.headers)
        read = partial(self._read, request.body, None, codec, media_type)
        invocation = Invocation(read, answer.encode, len(request.body), request.gone)
        self._engine.submit(invocation, take, alone=request.alone)

    async def _respond(self, scope: Scope, receive: Receive) -> WholeAnswer:
        headers = by_name(scope["headers"])
        codec, media_type, answer = self._formats(headers)
        self._engine.check_room()
        body = await read_body(receive, headers.get(b"content-length"), self._settings.max_body, self._settings.timeout)
        encoding = headers.get(b"content-encoding")
        size = len(body) if encoding is None and codec in _PLAIN else LARGE
        gone = partial(client_gone, receive)
        invocation = Invocation(partial(self._read, body, encoding, codec, media_type), answer.encode, size, gone)
        return await self._engine.score(invocation)

    def _formats(self, headers: Mapping[bytes, bytes]) -> tuple[Codec, MediaType, Answer]:
        """What a request is written in, and its answer shall be."""
        codec, media_type = self._codec(headers.get(b"content-type", b"").decode("latin-1"))
        accept = headers.get(b"accept")
        return codec, media_type, self._negotiator.choose(None if accept is None else accept.decode("latin-1"), codec)

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


@lru_cache(maxsize=64)
def _is_plain(content_type: bytes) -> bool:
    try:
        codec, _ = request_codec(content_type.decode("latin-1"))
    except UnsupportedMediaTypeError:
        return False
    return codec in _PLAIN

"""`POST /v2/models/{name}/infer`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelpack.data.media_types import MediaType
from modelpack.data.payload import Payload
from modelpack.errors import UnsupportedMediaTypeError
from modelpack.serving.body import read_body
from modelpack.serving.content_encoding import decompressed
from modelpack.serving.headers import by_name
from modelpack.serving.inference_protocol.failures import failure, wrong_method
from modelpack.serving.inference_protocol.inputs import input_reader
from modelpack.serving.inference_protocol.outputs import OutputNames
from modelpack.serving.inference_protocol.replies import write_reply
from modelpack.serving.inference_protocol.requests import read_request
from modelpack.serving.scoring.engine import LARGE, Invocation

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.types import Receive, Scope, Send

    from modelpack.pyfunc.model import PyFuncModel
    from modelpack.serving.inference_protocol.requests import InferenceRequest
    from modelpack.serving.scoring.batching import Failure
    from modelpack.serving.scoring.engine import Engine
    from modelpack.serving.settings import ServerSettings
    from modelpack.serving.whole import WholeAnswer, WholeRequest

_MEDIA_TYPES = {"application/json", "application/octet-stream"}
_NOT_PARAMS = {
    "binary_data_output",
    "content_type",
    "headers",
    "priority",
    "sequence_end",
    "sequence_id",
    "sequence_start",
    "timeout",
}
"""Parameters of a request that clients send to the server rather than to the model."""
_NOT_PARAMS_PREFIX = "triton_"


class Infer:
    """The ASGI application of the route, and the handler of such requests as are whole."""

    def __init__(self, model: PyFuncModel, name: str, engine: Engine, settings: ServerSettings) -> None:
        """Score with an engine, reading and writing by the signature of its model."""
        self._name = name
        self._engine = engine
        self._settings = settings
        self._data = input_reader(model)
        self._outputs = OutputNames(model.signature)
        params = model.signature.params if model.signature is not None else None
        self._params = {param.name for param in params or ()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["method"] != "POST":
            await wrong_method(scope, "POST")(scope, receive, send)
            return
        try:
            answer = await self._respond(by_name(scope["headers"]), receive)
        except Exception as error:  # noqa: BLE001 - whatever happens, the client gets an answer
            await failure(error, debug=self._settings.debug)(scope, receive, send)
            return
        await answer.send(send)

    def takes(self, headers: Mapping[bytes, bytes], size: int) -> bool:
        """Whether a request is small, and no larger than it looks."""
        return self._engine.reads_at_once(headers, size)

    def begin(self, request: WholeRequest, take: Callable[[WholeAnswer | Failure], object]) -> None:
        """Begin to answer a request.

        Raises:
            ModelpackError: The request is refused; `take` is not called then.
        """
        _check_media_type(request.headers.get(b"content-type"))
        exchange = _Exchange(self, request.headers, request.body)
        invocation = Invocation(exchange.decode, exchange.encode, len(request.body), request.gone)
        self._engine.submit(invocation, take, alone=request.alone)

    async def _respond(self, headers: Mapping[bytes, bytes], receive: Receive) -> WholeAnswer:
        _check_media_type(headers.get(b"content-type"))
        self._engine.check_room()
        settings = self._settings
        body = await read_body(receive, headers.get(b"content-length"), settings.max_body, settings.timeout)
        exchange = _Exchange(self, headers, body)
        size = LARGE if b"content-encoding" in headers else len(body)
        return await self._engine.score(Invocation(exchange.decode, exchange.encode, size))

    def payload(self, request: InferenceRequest) -> Payload:
        """What a request gives the model.

        Raises:
            ModelpackError: The tensors are no data for the model.
        """
        data = self._data(request.inputs, request.parameters.get("content_type"))
        return Payload(data, self._model_params(request.parameters) if request.parameters else None)

    def reply(self, request: InferenceRequest, predictions: Any, accept_encoding: bytes | None) -> WholeAnswer:
        """The answer to a request.

        Raises:
            ModelpackError: The request asks for what the predictions do not hold, or they hold what nothing can.
        """
        return write_reply(self._name, request, self._outputs.tensors(predictions), accept_encoding)

    def undone(self, body: bytes, encoding: bytes) -> bytes:
        """A body without its content encoding.

        Raises:
            ModelpackError: It is in another, or would be too large.
        """
        return decompressed(body, encoding.decode("latin-1"), self._settings.max_body)

    def _model_params(self, parameters: Mapping[str, Any]) -> dict[str, Any] | None:
        """The parameters without those for the server, unless the model has a param of the name."""
        return {
            name: value
            for name, value in parameters.items()
            if name in self._params or not (name in _NOT_PARAMS or name.startswith(_NOT_PARAMS_PREFIX))
        } or None


class _Exchange:
    """One request, from its body to its answer."""

    __slots__ = ("_accept_encoding", "_body", "_encoding", "_header_length", "_infer", "_request")

    def __init__(self, infer: Infer, headers: Mapping[bytes, bytes], body: bytes) -> None:
        self._infer = infer
        self._body: bytes | None = body
        self._encoding = headers.get(b"content-encoding")
        self._accept_encoding = headers.get(b"accept-encoding")
        self._header_length = headers.get(b"inference-header-content-length")
        self._request: InferenceRequest | None = None

    def decode(self) -> Payload:
        body = self._body or b""
        if self._encoding is not None:
            body = self._infer.undone(body, self._encoding)
        self._request = read_request(body, self._header_length)
        self._body = None
        return self._infer.payload(self._request)

    def encode(self, predictions: Any) -> WholeAnswer:
        assert self._request is not None  # noqa: S101 - the engine decodes first
        return self._infer.reply(self._request, predictions, self._accept_encoding)


def _check_media_type(content_type: bytes | None) -> None:
    """Take JSON and binary bodies, and such without a type, as the protocol's clients send them.

    Raises:
        UnsupportedMediaTypeError: The body is something else.
    """
    if content_type in {None, b"application/json", b"application/octet-stream"}:
        return
    name = MediaType.parse(content_type.decode("latin-1")).name
    if name not in _MEDIA_TYPES:
        raise UnsupportedMediaTypeError(
            f"media type {name!r} is not supported", hint="send Content-Type: application/json"
        )

"""Answers to inference requests."""

from __future__ import annotations

import gzip
import zlib
from typing import TYPE_CHECKING, Any

from modelpack.data.json_output import dumps
from modelpack.errors import InvalidArgumentError
from modelpack.serving.errors import SAFE_HEADERS
from modelpack.serving.inference_protocol.binary import HEADER, bytes_from_array
from modelpack.serving.naming import VERSION
from modelpack.serving.whole import WholeAnswer

if TYPE_CHECKING:
    from collections.abc import Callable

    from modelpack.serving.inference_protocol.outputs import OutputTensor
    from modelpack.serving.inference_protocol.requests import InferenceRequest

_OK = 200
_SMALLEST = 1024
"""Bytes of a body below which compressing it saves nothing."""
_FASTEST = 1
_COMPRESS: dict[bytes, Callable[[bytes], bytes]] = {
    b"gzip": lambda body: gzip.compress(body, _FASTEST, mtime=0),
    b"deflate": lambda body: zlib.compress(body, _FASTEST),
}


_JSON = [*SAFE_HEADERS, (b"content-type", b"application/json")]
_BINARY = [*SAFE_HEADERS, (b"content-type", b"application/octet-stream")]


def write_reply(
    model: str, request: InferenceRequest, tensors: list[OutputTensor], accept_encoding: bytes | None
) -> WholeAnswer:
    """The answer to a request.

    Args:
        model: What the model is called.
        request: What was asked for.
        tensors: What the model answered.
        accept_encoding: The header of the request.

    Raises:
        InvalidArgumentError: An output was asked for that the model does not have.
        ModelFailureError: The model answered what JSON cannot hold.
    """
    chosen = _selected(request, tensors)
    outputs, sections = [], []
    for tensor, binary in chosen:
        section = bytes_from_array(tensor.values, tensor.datatype) if binary else None
        outputs.append(_described(tensor, section))
        sections += [] if section is None else [section]
    named = {} if request.id is None else {"id": request.id}
    document = {"model_name": model, "model_version": VERSION, **named, "outputs": outputs}
    body = dumps(document)
    if not sections:
        return _encoded(WholeAnswer(_OK, _JSON, body), accept_encoding)
    headers = [*_BINARY, (HEADER.lower().encode(), b"%d" % len(body))]
    return _encoded(WholeAnswer(_OK, headers, b"".join([body, *sections])), accept_encoding)


def _selected(request: InferenceRequest, tensors: list[OutputTensor]) -> list[tuple[OutputTensor, bool]]:
    if request.outputs is None:
        return [(tensor, request.binary) for tensor in tensors]
    by_name = {tensor.name: tensor for tensor in tensors}
    unknown = [name for name in request.outputs if name not in by_name]
    if unknown:
        raise InvalidArgumentError(
            f"the model has no output {', '.join(map(repr, unknown))}", hint=f"its outputs are {', '.join(by_name)}"
        )
    return [(by_name[name], binary) for name, binary in request.outputs.items()]


def _described(tensor: OutputTensor, section: bytes | None) -> dict[str, Any]:
    described: dict[str, Any] = {
        "name": tensor.name,
        "datatype": tensor.datatype,
        "shape": tensor.values.shape,
    }
    if section is not None:
        return {**described, "parameters": {"binary_data_size": len(section)}}
    described["data"], parameters = tensor.json_data()
    return described if parameters is None else {**described, "parameters": parameters}


def _encoded(answer: WholeAnswer, accept_encoding: bytes | None) -> WholeAnswer:
    """Compressed where the client names one encoding; the lists that every HTTP library sends are no wish."""
    encoding = b"" if accept_encoding is None else accept_encoding.strip().lower()
    if encoding not in _COMPRESS or len(answer.body) < _SMALLEST:
        return answer
    headers = [*answer.headers, (b"content-encoding", encoding)]
    return WholeAnswer(_OK, headers, _COMPRESS[encoding](answer.body))

"""Inference requests, read from their bodies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from modelpack.data.frames import json_name
from modelpack.data.json_input import parse
from modelpack.data.names import repeated
from modelpack.errors import DataFormatError, InvalidArgumentError
from modelpack.serving.inference_protocol.binary import array_from_bytes, split
from modelpack.serving.inference_protocol.datatypes import checked_datatype
from modelpack.serving.inference_protocol.tensors import InputTensor, array_from_data, checked_shape

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelpack.serving.inference_protocol.binary import BinarySection

_EXAMPLE = 'for example {"inputs": [{"name": "x", "shape": [1], "datatype": "FP64", "data": [1.5]}]}'
_HINTS = {"str", "base64"}
_NONE: Mapping[str, Any] = {}
_SHARED_MEMORY = "shared_memory_region"


class InferenceRequest(NamedTuple):
    """What a client asks for.

    Attributes:
        id: What the client calls the request.
        inputs: The tensors, in the order they came.
        outputs: The names of the tensors to answer, each with whether it is to be binary; None for all.
        binary: Whether outputs that were not asked for by name are to be binary.
        parameters: What else was said, params of the model among it.
    """

    id: str | None
    inputs: tuple[InputTensor, ...]
    outputs: Mapping[str, bool] | None
    binary: bool
    parameters: Mapping[str, Any]


def read_request(body: bytes, header_length: bytes | None) -> InferenceRequest:
    """An inference request from its body.

    Args:
        body: The body, without its content encoding.
        header_length: The header `Inference-Header-Content-Length`; None without binary data.

    Raises:
        DataFormatError: The body is no inference request.
        InvalidArgumentError: It asks for an extension that the server lacks.
    """
    text, section = split(body, header_length)
    document = _document(text)
    parameters = _parameters(document, "inference request")
    inputs = document.get("inputs")
    if not isinstance(inputs, list) or not inputs:
        raise DataFormatError("the request has no inputs", hint=_EXAMPLE)
    tensors = tuple([_tensor(each, section) for each in inputs])
    section.finish()
    if len(tensors) > 1:
        _check_unique([tensor.name for tensor in tensors], "input")
    binary = parameters.get("binary_data_output", False) is True
    return InferenceRequest(_id(document), tensors, _outputs(document, binary=binary), binary, parameters)


def _document(text: bytes) -> dict[str, Any]:
    try:
        document = parse(text)
    except DataFormatError as error:
        raise DataFormatError(error.message, hint=_EXAMPLE) from error
    if not isinstance(document, dict):
        raise DataFormatError(f"the body is {json_name(document)}, not an object", hint=_EXAMPLE)
    return document


def _id(document: dict[str, Any]) -> str | None:
    found = document.get("id")
    if found is None or isinstance(found, str):
        return found
    raise DataFormatError(f"id is a string; {json_name(found)} came")


def _parameters(holder: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    parameters = holder.get("parameters")
    if parameters is None:
        return _NONE
    if not isinstance(parameters, dict):
        raise DataFormatError(f"the parameters of an {kind} are an object; {json_name(parameters)} came")
    return parameters


def _name(holder: object, kind: str) -> str:
    if not isinstance(holder, dict):
        raise DataFormatError(f"an {kind} is an object; {json_name(holder)} came", hint=_EXAMPLE)
    name = holder.get("name")
    if not isinstance(name, str):
        raise DataFormatError(f"an {kind} has no name", hint=_EXAMPLE)
    return name


def _tensor(holder: Any, section: BinarySection) -> InputTensor:
    name = _name(holder, "input")
    parameters = _parameters(holder, "input")
    shape = checked_shape(holder.get("shape"), name)
    datatype = checked_datatype(holder.get("datatype"), name)
    if not parameters:
        return InputTensor(name, datatype, array_from_data(holder.get("data"), datatype, shape, name))
    if _SHARED_MEMORY in parameters:
        raise _no_shared_memory(name)
    content_type = parameters.get("content_type")
    hint = content_type if isinstance(content_type, str) and content_type in _HINTS else None
    size = parameters.get("binary_data_size")
    if size is None:
        return InputTensor(name, datatype, array_from_data(holder.get("data"), datatype, shape, name), hint)
    if "data" in holder:
        raise DataFormatError(f"tensor {name!r} has data in JSON and in binary")
    return InputTensor(name, datatype, array_from_bytes(section.take(size, name), datatype, shape, name), hint)


def _outputs(document: Mapping[str, Any], *, binary: bool) -> dict[str, bool] | None:
    outputs = document.get("outputs")
    if outputs is None or outputs == []:
        return None
    if not isinstance(outputs, list):
        raise DataFormatError(f"outputs is a list; {json_name(outputs)} came")
    names = [_name(each, "output") for each in outputs]
    _check_unique(names, "output")
    return {name: _is_binary(each, name, binary=binary) for name, each in zip(names, outputs, strict=True)}


def _is_binary(output: Mapping[str, Any], name: str, *, binary: bool) -> bool:
    parameters = _parameters(output, "output")
    if parameters.get("classification"):
        raise InvalidArgumentError(
            f"output {name!r}: the classification extension is not supported", hint="take the highest scores yourself"
        )
    if _SHARED_MEMORY in parameters:
        raise _no_shared_memory(name)
    return parameters.get("binary_data", binary) is True


def _no_shared_memory(name: str) -> InvalidArgumentError:
    return InvalidArgumentError(
        f"tensor {name!r}: the shared-memory extensions are not supported", hint="send the data in the request"
    )


def _check_unique(names: list[str], kind: str) -> None:
    twice = repeated(names)
    if twice is not None:
        raise DataFormatError(f"{kind} {twice!r} stands twice")

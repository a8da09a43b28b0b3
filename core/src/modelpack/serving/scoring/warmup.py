"""The proof that a model predicts, before anyone is told that it is ready."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelpack.data.codecs import JSON, Decoder
from modelpack.data.payload import Payload
from modelpack.data.writers import WriteOptions
from modelpack.errors import InvalidModelError
from modelpack.package.input_example import SERVING_FILE, read_input_example

if TYPE_CHECKING:
    from modelpack.pyfunc.model import PyFuncModel

_TIMES = 3
"""The first prediction loads and compiles what the library leaves until then; the next ones find it warm."""


def warm_up(model: PyFuncModel) -> bool:
    """Predict a model's stored input example, the whole way that a request takes.

    Returns:
        Whether there was an example.

    Raises:
        ModelpackError: The example cannot be read, does not fit the signature, or the model fails with it.
    """
    for _ in range(_TIMES):
        payload = _example(model)
        if payload is None:
            return False
        outputs = model.predict_enforced(*model.enforce(payload.data, payload.params))
        JSON.encode(outputs, WriteOptions())
    return True


def _example(model: PyFuncModel) -> Payload | None:
    info = model.metadata.saved_input_example_info
    if info is None:
        return None
    request = model.path / str(info.get("serving_input_path", SERVING_FILE))
    if not request.resolve().is_relative_to(model.path.resolve()):
        raise InvalidModelError(f"the input example {request} lies outside of the model")
    if request.is_file():
        return Decoder(model.signature, arrays=model.takes_arrays).decode(request.read_bytes(), JSON.media_types[0])
    example = read_input_example(model.path, info)
    return None if example is None else Payload(example.for_prediction(), example.params)

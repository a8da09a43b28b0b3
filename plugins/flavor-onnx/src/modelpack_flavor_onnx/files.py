"""The file of a model and the files of its tensors, none of which lies outside the model directory."""

from __future__ import annotations

import warnings
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from modelpack import ModelpackWarning
from modelpack.errors import InvalidArgumentError, InvalidModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

MODEL = "model.onnx"
TENSORS = "model.onnx.data"
SMALLEST = 1024
"""Tensors of so many bytes go into a file of their own, as MLflow has it."""


def write(model: Any, directory: Path, *, external: bool) -> None:
    """Write `model.onnx`, with large tensors beside it when asked to, and check what was written.

    Args:
        model: A ModelProto, which is left unchanged.
        directory: Where to.
        external: Whether tensors of a kilobyte or more go into `model.onnx.data`.

    Raises:
        InvalidArgumentError: The model is malformed, or lacks the data of a tensor.
    """
    import onnx

    _require_data(model)
    onnx.save_model(_arranged(model, external=external), str(directory / MODEL), format="protobuf")
    try:
        onnx.checker.check_model(str(directory / MODEL), full_check=True)
    except onnx.shape_inference.InferenceError as error:
        warnings.warn(
            f"the shapes in the ONNX model contradict each other, and ONNX Runtime may refuse it: {_one_line(error)}",
            ModelpackWarning,
            stacklevel=2,
        )
    except onnx.checker.ValidationError as error:
        raise InvalidArgumentError(
            f"the ONNX model is malformed: {_one_line(error)}",
            hint="onnx.checker.check_model(model) tells the same; correct or convert the model again",
        ) from error


def read(path: Path, locate: Callable[[str], Path]) -> Any:
    """Read a model with its tensors.

    Args:
        path: The file.
        locate: Answers an existing file inside the model directory, by its place relative to the model's file.

    Raises:
        InvalidModelError: A tensor lies outside the model directory, or outside its file.
    """
    import onnx

    model = onnx.load_model(str(path), format="protobuf", load_external_data=False)
    external = [tensor for tensor in tensors(model) if _is_external(tensor)]
    for tensor in external:
        _check_extent(tensor, locate)
    onnx.checker.check_model(str(path))  # an empty file, for one, is a well-formed message
    for tensor in external:
        onnx.external_data_helper.load_external_data_for_tensor(tensor, str(path.parent))
        _forget_file(tensor)
    return model


def tensors(message: Any) -> Iterator[Any]:
    """Every tensor in a model: those of subgraphs, attributes, functions and sparse tensors, too."""
    for _, value in message.ListFields():
        for each in (value,) if hasattr(value, "ListFields") else value if hasattr(value, "add") else ():
            if type(each).__name__ == "TensorProto":
                yield each
            else:
                yield from tensors(each)


def place_of(data: str, location: str) -> str:
    """The place of a tensor's file in the model directory; `data` is that of the model's file."""
    return str(PurePosixPath(data).parent / location)


def _require_data(model: Any) -> None:
    for tensor in tensors(model):
        if _is_external(tensor) and not tensor.HasField("raw_data"):
            raise InvalidArgumentError(
                f"the data of the tensor {tensor.name!r} is not in memory, but in {_entry(tensor, 'location')!r}",
                hint="onnx.load(path) reads a model with its external data; save what it answers",
            )


def _arranged(model: Any, *, external: bool) -> Any:
    """The model with its tensors where they shall be; a copy when that is somewhere else than they are."""
    import onnx

    if not any(map(_is_external, tensors(model))) and not (external and any(map(_is_large, _initializers(model)))):
        return model
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    for tensor in filter(_is_external, tensors(copy)):
        _forget_file(tensor)
    for tensor in filter(_is_large, _initializers(copy) if external else ()):
        onnx.external_data_helper.set_external_data(tensor, TENSORS)
    return copy


def _forget_file(tensor: Any) -> None:
    """Let a tensor say that its data is in memory, where it is."""
    tensor.ClearField("data_location")
    tensor.ClearField("external_data")


def _initializers(model: Any) -> Any:
    return model.graph.initializer


def _is_large(tensor: Any) -> bool:
    return tensor.HasField("raw_data") and len(tensor.raw_data) >= SMALLEST


def _is_external(tensor: Any) -> bool:
    return bool(tensor.data_location == tensor.EXTERNAL)


def _entry(tensor: Any, key: str) -> str | None:
    return next((entry.value for entry in tensor.external_data if entry.key == key), None)


def _check_extent(tensor: Any, locate: Callable[[str], Path]) -> None:
    """Refuse a tensor whose data lies outside the model directory, or outside its file."""
    location = _entry(tensor, "location") or ""
    try:
        size = locate(location).stat().st_size
        offset = int(_entry(tensor, "offset") or 0)
        length = int(_entry(tensor, "length") or size - offset)
    except ValueError as error:
        raise InvalidModelError(f"the tensor {tensor.name!r} has no readable place in {location!r}: {error}") from error
    except InvalidModelError as error:
        raise InvalidModelError(f"the tensor {tensor.name!r}: {error.message}", hint=error.hint) from error
    if not (offset >= 0 <= length and offset + length <= size):
        raise InvalidModelError(
            f"the tensor {tensor.name!r} takes {length} bytes from byte {offset} of {location}, which has {size}",
            hint="the model directory is incomplete; copy or download it again",
        )


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())

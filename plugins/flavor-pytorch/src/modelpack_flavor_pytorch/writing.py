"""Saving a module: in the format that was asked for, or in the safest that loses nothing."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from modelpack.errors import InvalidArgumentError, InvalidModelError, ModelpackWarning
from modelpack_flavor_pytorch import archive, classes, formats
from modelpack_flavor_pytorch.exporting import UnsuitableError, exported

if TYPE_CHECKING:
    from pathlib import Path

    from modelpack import SaveContext
    from modelpack_flavor_pytorch.flavor import PytorchOptions

DATA = "data"
_HINT = "serialization_format='pickle' saves it; loading it then needs trust"


def write(module: Any, context: SaveContext[PytorchOptions]) -> dict[str, Any]:
    """Write a module below `data`.

    Returns:
        What the conf says of it.

    Raises:
        InvalidArgumentError: The format that was asked for cannot hold it.
    """
    options = context.options
    chosen = options.serialization_format or (formats.STATE_DICT if options.model_class is not None else None)
    if chosen in {formats.STATE_DICT, formats.SAFETENSORS}:
        return _write_tensors(module, context.path, chosen, options)
    if options.model_class is not None or options.model_arguments:
        raise InvalidArgumentError(
            f"model_class and model_arguments are for modules that are saved as tensors, not as {chosen}",
            hint="serialization_format='state_dict' or 'safetensors' saves tensors",
        )
    if chosen is None and options.pickle_module is not None:
        chosen = formats.PICKLE
    if chosen != formats.PICKLE:
        try:
            return _write_program(module, context, is_asked_for=chosen is not None)
        except UnsuitableError as error:
            if chosen is not None:
                raise InvalidArgumentError(
                    f"this {type(module).__qualname__} cannot be saved as pt2: {error.message}", hint=_HINT
                ) from error
            warnings.warn(_fallen_back(module, error), ModelpackWarning, stacklevel=2)
    folder = _folder(context.path)
    name = formats.write_pickle(module, folder, options.pickle_module, options.pickle_protocol)
    return {"serialization_format": formats.PICKLE, "pickle_module_name": name}


def _write_program(module: Any, context: SaveContext[PytorchOptions], *, is_asked_for: bool) -> dict[str, Any]:
    import torch

    program = exported(module, context.input_example, context.signature)
    path = _folder(context.path) / formats.FILES[formats.PT2]
    torch.export.save(program, path)
    if found := archive.reasons(path):
        text = f"loading its exported program can run code: {'; '.join(found[:3])}"
        if not is_asked_for:
            path.unlink()
            raise UnsuitableError(text)
        warnings.warn(f"{text}. It will need trust", ModelpackWarning, stacklevel=2)
    return {"serialization_format": formats.PT2}


def _write_tensors(module: Any, root: Path, chosen: str, options: PytorchOptions) -> dict[str, Any]:
    name = classes.reference(options.model_class, module)
    arguments = options.model_arguments
    try:
        formats.filled(classes.made(name, arguments), module.state_dict(), name)
    except InvalidModelError as error:
        raise InvalidArgumentError(error.message, hint=error.hint) from error
    formats.write_tensors(module, _folder(root) / formats.FILES[chosen], chosen)
    return {"serialization_format": chosen, "model_class": name, "model_arguments": arguments}


def _folder(root: Path) -> Path:
    folder = root / DATA
    folder.mkdir(exist_ok=True)
    return folder


def _fallen_back(module: Any, error: UnsuitableError) -> str:
    told = error.message
    wanted = "" if "input example" not in told else "give an input_example for a file that runs no code; "
    return (
        f"this {type(module).__qualname__} is saved with cloudpickle, and loading it will need trust: {told}."
        f" {wanted}serialization_format='pickle' does the same without this warning"
    )

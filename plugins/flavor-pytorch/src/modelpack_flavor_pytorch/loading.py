"""Loading a module of any era: what the directory holds decides where the model does not say."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from modelpack.errors import InvalidArgumentError, InvalidModelError, ModelpackWarning
from modelpack_flavor_pytorch import formats, programs

if TYPE_CHECKING:
    from pathlib import Path

    from modelpack import LoadContext
    from modelpack_flavor_pytorch.flavor import PytorchConf


def load(context: LoadContext[PytorchConf]) -> Any:
    """The module, on the device that was asked for, in evaluation mode."""
    import torch

    conf = context.conf
    context.check_version("torch", _comparable(conf.pytorch_version, str(torch.__version__)))
    device = _device(context)
    data = context.file(conf.model_data)
    chosen, path = _file(data, conf.serialization_format, context)
    more = context.options.model_extra or {}
    if chosen == formats.PICKLE:
        if conf.serialization_format != formats.PICKLE:  # MLmodel did not say so, and core did not ask
            context.require_trust(f"{path.name} is a pickle, and unpickling runs whatever it holds")
        pickling = {"pickle_module": context.options.pickle_module}
        return formats.read_pickle(path, device, _pickled_with(context, data), more | pickling).to(device)
    if unknown := sorted(more):
        raise InvalidArgumentError(
            f"there is no load option {unknown[0]!r} for a model saved as {chosen}", hint="device= is one"
        )
    if chosen == formats.PT2:
        return programs.read_program(path, device, context.require_trust)
    arguments = conf.model_arguments or {}
    return formats.read_tensors(path, chosen, conf.model_class, arguments).to(device)


def _file(data: Path, chosen: str | None, context: LoadContext[PytorchConf]) -> tuple[str, Path]:
    """The format, and the file."""
    if chosen is not None and chosen not in formats.FILES:
        raise InvalidModelError(
            f"the model's serialization_format is {chosen!r}, which is none of {', '.join(formats.FILES)}"
        )
    if data.is_file():  # the oldest models
        return chosen or (formats.PT2 if data.suffix == ".pt2" else formats.PICKLE), data
    if chosen is None:
        chosen = formats.PICKLE if (data / formats.FILES[formats.PICKLE]).exists() else formats.PT2
    return chosen, context.file(f"{context.conf.model_data}/{formats.FILES[chosen]}")


def _pickled_with(context: LoadContext[PytorchConf], data: Path) -> str | None:
    """The name of the module that pickled the model, from wherever its era put it."""
    info = data / formats.PICKLE_INFO
    if info.is_file():
        return context.file(f"{context.conf.model_data}/{formats.PICKLE_INFO}").read_text(encoding="utf-8").strip()
    name = context.conf.pickle_module_name or context.pyfunc_conf.get("pickle_module_name")
    return None if name is None else str(name)


def _comparable(recorded: str | None, running: str) -> str | None:
    """The recorded version, as it is written here: builds for other devices, such as `+cu130`, are the same release."""
    is_same = recorded is not None and recorded.partition("+")[0] == running.partition("+")[0]
    return running if is_same else recorded


def _device(context: LoadContext[PytorchConf]) -> Any:
    """Where to: the caller's word, else the model's where that device is, else the CPU."""
    options = context.options
    asked = options.device or options.map_location or (options.model_config_ or {}).get("device")
    if asked is not None:
        return _available(asked)
    wished = (context.pyfunc_conf.get("config") or {}).get("device")
    try:
        return _available(wished or "cpu")
    except InvalidArgumentError as error:
        warnings.warn(f"the model is loaded on the CPU: {error.message}", ModelpackWarning, stacklevel=2)
        return _available("cpu")


def _available(asked: Any) -> Any:
    """The device, if a tensor can be put there.

    Raises:
        InvalidArgumentError: It is no device, or not there.
    """
    import torch

    try:
        device = torch.device(asked)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, TypeError, NotImplementedError) as error:
        reason = str(error).partition("\n")[0]
        raise InvalidArgumentError(
            f"the device {asked!r} cannot be used: {reason}", hint="device='cpu' works everywhere"
        ) from error
    return device

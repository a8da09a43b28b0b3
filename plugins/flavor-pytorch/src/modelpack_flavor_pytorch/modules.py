"""What is done to a module and leaves it as it was: looking at its mode, its place, and its parameters' type."""

from __future__ import annotations

import inspect
from contextlib import contextmanager
from threading import RLock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

EXPORT_LOCK = RLock()
"""Held while a program is made or read: PyTorch keeps the one that it is working on in variables of its modules."""


def is_program(module: Any) -> bool:
    """Whether a module is what an exported program became when it was loaded: a graph with inputs of known form."""
    import torch

    return isinstance(module, torch.fx.GraphModule) and hasattr(module, "_in_spec")


def is_evaluating(module: Any) -> bool:
    """Whether every part of a module is in evaluation mode; an exported program is in the mode it was exported in."""
    return is_program(module) or not any(part.training for part in module.modules())


@contextmanager
def evaluating(module: Any) -> Iterator[None]:
    """Put a module into evaluation mode, and every part of it back afterwards."""
    training = [] if is_program(module) else [part for part in module.modules() if part.training]
    for part in training:
        part.training = False
    try:
        yield
    finally:
        for part in training:
            part.training = True


def tensors_of(module: Any) -> Iterator[Any]:
    """Its parameters, and then its buffers."""
    yield from module.parameters()
    yield from module.buffers()


def device_of(module: Any) -> Any:
    """Where its first tensor lies; the CPU for a module without any."""
    import torch

    return next((tensor.device for tensor in tensors_of(module)), torch.device("cpu"))


def float_type_of(module: Any) -> Any:
    """The type of its first floating tensor, in which it takes its input; float32 for a module without any."""
    import torch

    return next((each.dtype for each in tensors_of(module) if each.is_floating_point()), torch.float32)


def forward_parameters(module: Any) -> Mapping[str, inspect.Parameter]:
    """The parameters of `forward`; none where it has no signature, as in TorchScript."""
    try:
        return inspect.signature(module.forward).parameters
    except (TypeError, ValueError):
        return {}

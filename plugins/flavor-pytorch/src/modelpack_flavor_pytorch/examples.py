"""Input examples of tensors, as the arrays in which they are saved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelpack_flavor_pytorch.modules import forward_parameters


def as_arrays(module: Any, example: Any) -> Any:
    """An example with arrays in place of tensors; anything else is answered as it is.

    Args:
        module: The module, whose `forward` gives several positional inputs their names.
        example: A tensor, a mapping of tensors, a tuple or list of tensors and arrays, or a pair of those and params.
    """
    import torch

    if isinstance(example, torch.Tensor):
        return _array(example)
    if isinstance(example, Mapping):
        return {name: as_arrays(module, value) for name, value in example.items()}
    if not isinstance(example, (tuple, list)) or not example:
        return example
    if isinstance(example, tuple) and len(example) == 2 and isinstance(example[1], Mapping):  # noqa: PLR2004 - with params
        return as_arrays(module, example[0]), example[1]
    if not all(isinstance(each, torch.Tensor) or hasattr(each, "shape") for each in example):
        return example
    arrays = [as_arrays(module, each) for each in example]
    names = list(forward_parameters(module))
    return arrays[0] if len(arrays) == 1 else dict(zip(names, arrays, strict=False))


def _array(tensor: Any) -> Any:
    """Its values; bfloat16, which NumPy does not have, as float32."""
    import torch

    tensor = tensor.detach().cpu()
    return (tensor.float() if tensor.dtype is torch.bfloat16 else tensor).numpy()

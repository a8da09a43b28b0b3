"""The generic Python view of a module (S68)."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

from modelpack.errors import InvalidArgumentError, ModelFailureError
from modelpack_flavor_pytorch.inputs import inputs_of
from modelpack_flavor_pytorch.modules import device_of, evaluating, is_evaluating, is_program


class TorchPredictor:
    """Calls a module in evaluation mode without gradients: a DataFrame for a DataFrame, an array for an array."""

    def __init__(self, module: Any) -> None:
        """Look what the module takes; it is not changed, and neither is it by predictions."""
        self._module = module
        self._inputs = inputs_of(module)
        self._is_program = is_program(module)
        self._was_evaluating = is_evaluating(module)

    def predict(self, data: Any, params: Mapping[str, Any] | None = None) -> Any:
        """Score one batch; params become keyword arguments of `forward`."""
        import torch

        arguments, named = self._inputs(data)
        given = self._checked(params) if params else {}
        in_mode = nullcontext() if self._is_evaluating() else evaluating(self._module)
        with torch.no_grad(), in_mode:
            answer = self._module(*arguments, **named, **given)
        return answered(answer, data.index if hasattr(data, "iloc") else None)

    def _is_evaluating(self) -> bool:
        return self._is_program or (self._was_evaluating and not self._module.training)

    def _checked(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Params for `forward`; `device`, which MLflow 2 took here, may say where the module already is."""
        import torch

        given = dict(params)
        device = given.pop("device", None)
        there = device_of(self._module)
        if device is not None and torch.device(device).type != there.type:
            raise InvalidArgumentError(
                f"the device of a prediction is {device!r}, and the model is on {str(there)!r}",
                hint=f"modelpack.pyfunc.load_model(…, device={device!r}) loads it there; threads may share it then",
            )
        if given and self._is_program:
            raise InvalidArgumentError(
                f"an exported program takes no params, and {', '.join(given)} came",
                hint="save the model with serialization_format='pickle' where params shall reach its forward()",
            )
        return given


def answered(answer: Any, index: Any = None) -> Any:
    """What a module answered, as arrays.

    Args:
        answer: A tensor, or tensors in tuples, lists and mappings.
        index: The index of the DataFrame that it answers; None when no DataFrame came.

    Returns:
        An array, or a DataFrame when there is an index and one tensor of at most two axes; a dict of arrays for
        several tensors.

    Raises:
        ModelFailureError: It is something else.
    """
    import torch

    if isinstance(answer, torch.Tensor):
        values = _array(answer)
        return values if index is None or not _is_tabular(values, index) else _frame(values, index)
    parts = dict(_parts(answer, ""))
    if not parts:
        raise ModelFailureError(
            f"the module answered a {type(answer).__qualname__}, which holds no tensors",
            hint="forward() returns a tensor, or tensors in a tuple, list or dict",
        )
    return answered(parts["0"], index) if list(parts) == ["0"] else {name: _array(part) for name, part in parts.items()}


def _parts(value: Any, name: str) -> Any:
    """The tensors in nested containers, each under the keys that lead to it."""
    import torch

    if isinstance(value, torch.Tensor):
        yield name, value
    elif isinstance(value, (Mapping, tuple, list)):
        fields = getattr(value, "_fields", range(len(value)))
        for key, part in value.items() if isinstance(value, Mapping) else zip(fields, value, strict=True):
            yield from _parts(part, f"{name}.{key}" if name else str(key))


def _array(tensor: Any) -> Any:
    """An array with one row at least one element long; halves become float32, which every consumer has."""
    import torch

    tensor = tensor.detach().cpu()
    if tensor.layout is not torch.strided:
        tensor = tensor.to_dense()
    if tensor.is_quantized:
        tensor = tensor.dequantize()
    if tensor.dtype in {torch.float16, torch.bfloat16}:
        tensor = tensor.float()
    array = tensor.resolve_conj().resolve_neg().numpy()
    return array if array.ndim else array.reshape(1)


def _is_tabular(values: Any, index: Any) -> bool:
    return values.ndim in {1, 2} and len(values) == len(index)


def _frame(values: Any, index: Any) -> Any:
    import pandas as pd

    return pd.DataFrame(values, index=index)

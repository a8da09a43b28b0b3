"""From a module to an exported program that is known to answer the same."""

from __future__ import annotations

import copy
import inspect
import warnings
from collections.abc import Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from modelpack.errors import InvalidArgumentError
from modelpack.schema.signature import ColumnSchema, DataType, TensorSchema
from modelpack_flavor_pytorch.inputs import inputs_of
from modelpack_flavor_pytorch.modules import EXPORT_LOCK, device_of, evaluating
from modelpack_flavor_pytorch.predictor import answered

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelpack.schema.signature import ModelSignature, Schema, Tensor

COMPARED = 64
"""The most rows of an example on which a program is compared with its module."""
_NUMBERS = {DataType.INTEGER, DataType.LONG, DataType.FLOAT, DataType.DOUBLE}


class UnsuitableError(InvalidArgumentError):
    """A module cannot become an exported program that answers the same; the message says why."""


def exported(module: Any, example: Any, signature: ModelSignature | None) -> Any:
    """Export a module for any number of rows, and compare the program with it.

    The module is left as it was. The program is made for the CPU and in evaluation mode.

    Args:
        module: The module.
        example: Some rows that it takes; None when there are none, and the signature shows their form.
        signature: What it takes.

    Raises:
        UnsuitableError: It cannot be exported, or the program would answer otherwise.
    """
    import torch

    if isinstance(module, torch.jit.ScriptModule):
        raise UnsuitableError("TorchScript cannot be exported")
    if signature is not None and signature.params is not None:
        raise UnsuitableError("its signature has params, which an exported program does not take")
    rows = _sample(example, signature)
    module = module if device_of(module).type == "cpu" else copy.deepcopy(module).cpu()
    with EXPORT_LOCK, evaluating(module), _quiet():
        program = _traced(module, _picked(rows, 2), None if signature is None else signature.inputs)
        with torch.no_grad():
            _compare(module, program.module(), rows)
    return program


def _sample(example: Any, signature: ModelSignature | None) -> Any:
    """Rows to trace with: those of the example, or made up from the signature."""
    if example is not None:
        if not (hasattr(example, "iloc") or hasattr(example, "shape") or isinstance(example, Mapping)):
            raise UnsuitableError(f"the input example is a {type(example).__qualname__}, no DataFrame, array or tensor")
        return example
    schema = None if signature is None else signature.inputs
    if isinstance(schema, ColumnSchema) and schema.columns and all(each.type in _NUMBERS for each in schema.columns):
        return _numbers((2, len(schema.columns)), "float32")
    if isinstance(schema, TensorSchema) and all(_is_settled(tensor) for tensor in schema.tensors):
        made = {tensor.name: _numbers((2, *tensor.shape[1:]), tensor.dtype) for tensor in schema.tensors}
        return made.get(None, made)
    raise UnsuitableError("there is no input example, from which an exported program is made")


def _is_settled(tensor: Tensor) -> bool:
    """Whether one may make up a tensor: nothing but the number of rows is open, and any number will do."""
    return tensor.shape[:1] == (-1,) and -1 not in tensor.shape[1:] and tensor.dtype[0] in "fiu"


def _numbers(shape: tuple[int, ...], dtype: str) -> Any:
    """Zeros for integers, which may be indices; different fractions for floats."""
    import numpy as np

    values = np.linspace(-1, 1, num=int(np.prod(shape)), dtype=np.float64).reshape(shape)
    return values.astype(dtype) if dtype.startswith("float") else np.zeros(shape, dtype)


def _picked(rows: Any, count: int) -> Any:
    """So many rows, the first ones, repeated where there are fewer."""
    if isinstance(rows, Mapping):
        return {name: _picked(each, count) for name, each in rows.items()}
    if not len(getattr(rows, "shape", ())) or not len(rows):
        return rows
    places = [place % len(rows) for place in range(count)]
    return rows.iloc[places] if hasattr(rows, "iloc") else rows[places]


def _traced(module: Any, rows: Any, schema: Schema | None) -> Any:
    import torch
    from torch.utils import _pytree as pytree

    arguments, named = inputs_of(module)(rows)
    open_axes = _open_axes(schema)
    batch = torch.export.Dim("batch")

    def shape(tensor: Any, name: Any) -> Any:
        free = open_axes.get(name, open_axes.get(None, ()))
        return {0: batch, **dict.fromkeys(free, torch.export.Dim.AUTO)} if tensor.ndim else None

    try:
        bound = inspect.signature(module.forward).bind(*arguments, **named)
        shapes = {
            name: {key: shape(each, key) for key, each in value.items()}
            if isinstance(value, Mapping)
            else pytree.tree_map(lambda tensor, name=name: shape(tensor, name), value)
            for name, value in bound.arguments.items()
        }
        program = torch.export.export(module, bound.args, bound.kwargs, dynamic_shapes=shapes)
    except Exception as error:  # torch.export raises what the module's own code and the tracer raise
        raise UnsuitableError(f"torch.export cannot trace it for any number of rows: {_first_line(error)}") from error
    _check_open(program, max(map(len, open_axes.values()), default=0))
    _forget_places(program)
    return program


def _open_axes(schema: Schema | None) -> dict[Any, tuple[int, ...]]:
    """Which axes beside the first the signature leaves open, by the tensor's name."""
    if not isinstance(schema, TensorSchema):
        return {}
    found = {
        each.name: tuple(axis for axis, extent in enumerate(each.shape) if axis and extent == -1)
        for each in schema.tensors
    }
    return {name: axes for name, axes in found.items() if axes}


def _check_open(program: Any, wanted: int) -> None:
    """Hold the program against the signature: tracing may have settled an axis that is to stay open."""
    given = set(program.graph_signature.user_inputs)
    shapes = [node.meta["val"].shape for node in program.graph.nodes if node.op == "placeholder" and node.name in given]
    if max((sum(not isinstance(extent, int) for extent in shape) for shape in shapes), default=0) < wanted + 1:
        raise UnsuitableError("an axis that its signature leaves open has one size in the program")


def _forget_places(program: Any) -> None:
    """Drop the paths of the source files, which tracing notes on every node."""
    import torch

    for graph in (part for part in program.graph_module.modules() if isinstance(part, torch.fx.GraphModule)):
        for node in graph.graph.nodes:
            node.meta.pop("stack_trace", None)


def _compare(module: Any, program: Any, rows: Any) -> None:
    """Let both answer one row, three rows, and the example.

    Raises:
        UnsuitableError: The answers differ, or the program has none.
    """
    sizes = {1, 3, min(_length(rows), COMPARED)}
    for count in sorted(sizes):
        given = _picked(rows, count)
        try:
            expected = _answer(module, given)
        except Exception as error:
            if count == 1:  # some modules cannot take one row, and neither need the program
                continue
            raise UnsuitableError(f"it fails on {count} rows: {_first_line(error)}") from error
        try:
            answer = _answer(program, given)
        except Exception as error:  # a guard of the program, or a type that tracing settled
            raise UnsuitableError(f"the exported program fails on {count} rows: {_first_line(error)}") from error
        if not _are_close(answer, expected):
            raise UnsuitableError(f"the exported program answers otherwise on {count} rows")


def _answer(module: Any, rows: Any) -> Any:
    """What it answers, with the same random numbers each time."""
    import torch

    arguments, named = inputs_of(module)(rows)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return answered(module(*arguments, **named))


def _are_close(first: Any, second: Any) -> bool:
    import numpy as np

    if isinstance(first, dict) or isinstance(second, dict):
        same_keys = isinstance(first, dict) and isinstance(second, dict) and first.keys() == second.keys()
        return same_keys and all(_are_close(first[name], second[name]) for name in first)
    same_form = first.shape == second.shape and first.dtype == second.dtype
    return same_form and bool(np.allclose(first, second, rtol=1e-4, atol=1e-5, equal_nan=first.dtype.kind in "fc"))


def _length(rows: Any) -> int:
    return _length(next(iter(rows.values()))) if isinstance(rows, Mapping) else len(rows)


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)[:200]


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep back what tracing warns of: its outcome is compared."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield

"""From a DataFrame, an array or a mapping of arrays to what a module is called with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modelpack_flavor_pytorch.modules import device_of, float_type_of, forward_parameters, is_program

if TYPE_CHECKING:
    import numpy as np

Call = tuple[tuple[Any, ...], dict[str, Any]]
"""Positional arguments, and arguments by name."""


def inputs_of(module: Any) -> Callable[[Any], Call]:
    """What turns data into the arguments of a module."""
    return ProgramInputs(module) if is_program(module) else ModuleInputs(module)


class ModuleInputs:
    """Feeds a module of Python code, which does not say what it takes.

    A table or array is its first argument, floats in the type of the module's parameters. A mapping, or a table whose
    columns are named as parameters of `forward`, gives several arguments.
    """

    def __init__(self, module: Any) -> None:
        self._convert = Conversion(float_type_of(module), device_of(module), copies=True)
        parameters = forward_parameters(module)
        kinds = {each.kind for each in parameters.values()}
        self._names = {
            name for name, each in parameters.items() if each.kind not in {each.VAR_POSITIONAL, each.VAR_KEYWORD}
        }
        self._is_open = any(kind.name == "VAR_KEYWORD" for kind in kinds)

    def __call__(self, data: Any) -> Call:
        """The arguments for a batch."""
        if hasattr(data, "iloc"):
            data = self._of_table(data)
        if not isinstance(data, Mapping):
            return (self._convert(data),), {}
        values = {name: self._convert(value) for name, value in data.items()}
        if self._is_open or values.keys() <= self._names:
            return (), values
        return (next(iter(values.values())) if len(values) == 1 else values,), {}

    def _of_table(self, table: Any) -> Any:
        import numpy as np

        names = [] if table.ndim == 1 else list(table.columns)
        if len(self._names) > 1 and names and self._names.issuperset(names):
            return {name: stacked(table[name]) for name in names}
        column = table if table.ndim == 1 else table.iloc[:, 0]
        if len(names) <= 1 and column.dtype == object:
            return stacked(column)
        return table.to_numpy(dtype=np.float32)


class ProgramInputs:
    """Feeds an exported program, which says the type and shape of each input."""

    def __init__(self, program: Any) -> None:
        import torch.utils._pytree as pytree

        from modelpack.pyfunc.tensors import TensorsEnforcer
        from modelpack.schema.signature import TensorSchema

        nodes = program.graph.find_nodes(op="placeholder")
        self._structure = program._in_spec  # noqa: SLF001 - it has no public name
        arguments = pytree.tree_unflatten([node.name for node in nodes], self._structure)
        names = [_last(path, name) for path, name in pytree.tree_flatten_with_path(arguments)[0]]
        self._values = {name: node.meta["val"] for name, node in zip(names, nodes, strict=True)}
        self._convert = {
            name: Conversion(value.dtype, value.device, copies=_changes_its_input(program), casts=True)
            for name, value in self._values.items()
        }
        alone = len(nodes) == 1
        tensors = tuple(_tensor(value, None if alone else name) for name, value in self._values.items())
        self._alone = tensors[0] if alone else None
        self._enforce = TensorsEnforcer(TensorSchema(tensors), "safe")

    def __call__(self, data: Any) -> Call:
        """The arguments for a batch; what does not fit the program is named.

        Raises:
            SchemaError: It does not fit.
        """
        import torch.utils._pytree as pytree

        values = self._one(data) if self._alone is not None else self._several(data)
        arguments: Call = pytree.tree_unflatten(values, self._structure)
        return arguments

    def _one(self, data: Any) -> list[Any]:
        ((_, convert),) = self._convert.items()
        if isinstance(data, Mapping) and len(data) == 1:
            data = next(iter(data.values()))
        if getattr(data, "ndim", 0) > 1 and hasattr(data, "iloc") and len(data.columns) > 1 and convert.is_float:
            data = data.to_numpy(dtype=convert.array_type)
        return [convert(data if _is_tensor(data) else self._enforce(convert.rounded(data)))]

    def _several(self, data: Any) -> list[Any]:
        if isinstance(data, Mapping):
            data = {name: self._rounded(name, value) for name, value in data.items()}
        arrays = self._enforce(data)
        return [convert(arrays[name]) for name, convert in self._convert.items()]

    def _rounded(self, name: Any, value: Any) -> Any:
        return self._convert[name].rounded(value) if name in self._convert else value


@dataclass(frozen=True, slots=True)
class Conversion:
    """How values become a tensor.

    Attributes:
        dtype: The tensor's type, for floats.
        device: Where it goes.
        copies: Whether the module may write into what it is given, which then is a copy.
        casts: Whether every value takes the type, not floats only.
    """

    dtype: Any
    device: Any
    copies: bool
    casts: bool = False

    @property
    def is_float(self) -> bool:
        """Whether the tensor holds floats."""
        return bool(self.dtype.is_floating_point)

    @property
    def array_type(self) -> np.dtype[Any]:
        """NumPy's type for it; float32 for bfloat16, which NumPy does not have."""
        return numpy_type(self.dtype)

    def rounded(self, values: Any) -> Any:
        """An array of numbers as floats of the tensor's width, however many digits that takes away."""
        is_number = getattr(getattr(values, "dtype", None), "kind", "") in ("b", "i", "u", "f")
        if self.is_float and is_number and not hasattr(values, "iloc"):
            return values.astype(self.array_type, copy=False)
        return values

    def __call__(self, values: Any) -> Any:
        """The values as a tensor."""
        import numpy as np
        import torch

        if not _is_tensor(values):
            given = np.asarray(values)
            array = self.rounded(given) if given.dtype.kind == "f" else given
            if array.dtype.byteorder == ">":
                array = array.astype(array.dtype.newbyteorder("="))
            is_given = array is given
            if is_given and (self.copies or not array.flags.writeable or any(step < 0 for step in array.strides)):
                array = np.array(array, order="C")
            values = torch.from_numpy(array)
        elif self.copies:
            values = values.detach().clone()
        is_cast = self.casts or values.is_floating_point()
        return values.to(device=self.device, dtype=self.dtype if is_cast else None)


def numpy_type(dtype: Any) -> np.dtype[Any]:
    """NumPy's type for one of PyTorch's."""
    import numpy as np
    import torch

    return np.dtype("float32" if dtype is torch.bfloat16 else str(dtype).removeprefix("torch."))


def stacked(column: Any) -> Any:
    """A column of numbers as a vector, a column of lists or arrays as an array with one more axis."""
    import numpy as np

    values = column.to_numpy()
    return values if values.dtype != object else np.stack([np.asarray(value) for value in values])


def _tensor(value: Any, name: Any) -> Any:
    from modelpack.schema.signature import Tensor

    shape = tuple(extent if isinstance(extent, int) else -1 for extent in value.shape)
    return Tensor(str(numpy_type(value.dtype)), shape, name)


def _last(path: Any, name: str) -> Any:
    """The key of an input in the mapping that holds it; else the name of the argument."""
    return getattr(path[-1], "key", name)


def _changes_its_input(program: Any) -> bool:
    """Whether a node may write into an input: an operator that is declared so, or one that calls another graph."""
    targets = [node.target for node in program.graph.nodes if node.op == "call_function"]
    mutable = any(getattr(getattr(target, "_schema", None), "is_mutable", False) for target in targets)
    return mutable or any(getattr(target, "namespace", "") == "higher_order" for target in targets)


def _is_tensor(value: Any) -> bool:
    import torch

    return isinstance(value, torch.Tensor)

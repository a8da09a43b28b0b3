"""What a graph takes, and how it is made of frames, arrays and mappings."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from modelpack.errors import SchemaError
from modelpack.schema.signature import Tensor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelpack.pyfunc.tensors import TensorEnforcer

_DTYPES = {
    **{f"tensor({name})": name for name in ("float16", "int8", "int16", "int32", "int64", "bool")},
    **{f"tensor({name})": name for name in ("uint8", "uint16", "uint32", "uint64")},
    "tensor(float)": "float32",
    "tensor(double)": "float64",
    "tensor(string)": "object",
}


class GraphInput:
    """One input of a graph.

    Attributes:
        name: Its name.
        shape: The extent of each axis, -1 where it varies.
    """

    def __init__(self, node: Any) -> None:
        """Describe an input as ONNX Runtime knows it: name, type and shape."""
        self.name: str = node.name
        self.shape = tuple(extent if isinstance(extent, int) else -1 for extent in node.shape)
        self._dtype = _DTYPES.get(node.type)
        self._is_text = self._dtype == "object"
        self._rows = (-1, *self.shape[1:]) if self.is_single else self.shape

    @property
    def is_single(self) -> bool:
        """Whether it takes one row at a time and no more."""
        return len(self.shape) > 1 and self.shape[0] == 1

    def of_frame(self, frame: Any) -> Any:
        """All columns of a frame as this input."""
        if frame.shape[1] == 1:
            return self.of_column(frame.iloc[:, 0])
        return self._of_rows(frame.to_numpy())

    def of_column(self, column: Any) -> Any:
        """One column of a frame, of numbers, texts, lists or arrays, as this input."""
        values = column.to_numpy()
        if (
            values.dtype.kind == "O"
            and len(values)
            and hasattr(values[0], "__len__")
            and not isinstance(values[0], str)
        ):
            import numpy as np

            values = np.asarray(list(values))
        return self._of_rows(values)

    def of_value(self, value: Any) -> Any:
        """An array, or what can be one, as this input.

        Raises:
            SchemaError: It does not fit.
        """
        if self._dtype is None:
            return value
        array = self._enforcer.fitting(value)
        if self._is_text:
            self._check_texts(array)
        return array

    def _of_rows(self, rows: Any) -> Any:
        if self._dtype is None:
            return rows
        rows = self._enforcer.reshaped(rows)
        return self.of_value(rows.reshape(-1, 1) if (rows.ndim, len(self._rows)) == (1, 2) else rows)

    @cached_property
    def _enforcer(self) -> TensorEnforcer:
        from modelpack.pyfunc.tensors import TensorEnforcer

        return TensorEnforcer(Tensor(str(self._dtype), self._rows, self.name), "safe")

    def _check_texts(self, array: Any) -> None:
        """ONNX Runtime would take NaN as the text 'nan', and 1 as '1'."""
        for value in array.ravel().tolist():
            if not isinstance(value, str):
                raise SchemaError(
                    f"tensor {self.name!r} takes text, and {value!r} is a {type(value).__name__}",
                    hint="replace missing values and numbers by the texts that the model was trained with",
                )


class GraphInputs:
    """Turns data into what a session is fed with.

    Attributes:
        are_single: Whether the graph takes one row at a time and no more.
    """

    def __init__(self, nodes: Sequence[Any]) -> None:
        """Describe the inputs of a graph as ONNX Runtime knows them."""
        self._inputs = {node.name: GraphInput(node) for node in nodes}
        self._only = next(iter(self._inputs.values())) if len(self._inputs) == 1 else None
        self.are_single = all(each.is_single for each in self._inputs.values())

    def __call__(self, data: Any) -> dict[str, Any]:
        """An array for each input.

        Args:
            data: A frame: for one input all of its columns, for several one column each, by name. An array or nested
                lists for one input; a mapping by the inputs' names.

        Raises:
            SchemaError: Something is missing or does not fit.
        """
        if isinstance(data, Mapping):
            return self._by_name(data, "of_value")
        is_frame = hasattr(data, "iloc") and hasattr(data, "columns")
        if self._only is not None:
            only = self._only
            return {only.name: only.of_frame(data) if is_frame else only.of_value(data)}
        if is_frame:
            return self._by_name(data, "of_column")
        raise SchemaError(
            f"the graph takes {len(self._inputs)} inputs, and the data is one {type(data).__name__}",
            hint=f"give a mapping, or a DataFrame, with {', '.join(map(repr, self._inputs))}",
        )

    def _by_name(self, data: Any, how: str) -> dict[str, Any]:
        missing = [name for name in self._inputs if name not in data]
        if missing:
            raise SchemaError(
                f"the graph takes {', '.join(map(repr, missing))}, which the data does not have",
                hint=f"it has {', '.join(map(repr, data)) or 'nothing'}",
            )
        return {name: getattr(each, how)(data[name]) for name, each in self._inputs.items()}

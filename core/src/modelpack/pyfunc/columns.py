"""Enforcement of a column signature: which columns, in which order, of which types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from modelpack.errors import SchemaError
from modelpack.pyfunc.conversion import absent_column, convert_column, with_nan
from modelpack.pyfunc.dtypes import DTYPES, fits
from modelpack.pyfunc.mismatch import Mismatch, listed, missing_and_unexpected, schema_error, type_name
from modelpack.pyfunc.tabular import as_table
from modelpack.schema.signature import DataType

if TYPE_CHECKING:
    from collections.abc import Hashable

    from modelpack.pyfunc.policy import Policy
    from modelpack.pyfunc.tabular import ColumnValues, Table
    from modelpack.schema.signature import Column, ColumnSchema


_SMALL = 100
"""How many rows a frame may have that is worth a copy, where its columns are several arrays."""


class ColumnsEnforcer:
    """Turns data into the frame that a model with this schema expects; a frame that fits is answered as it is.

    A frame whose columns and dtypes have fitted once is recognised by them, so it costs no look at its columns.
    Instances may be shared by threads.
    """

    def __init__(self, schema: ColumnSchema, policy: Policy) -> None:
        """Compile the schema."""
        self._schema = schema
        self._columns = schema.columns
        self._policy = policy
        names = schema.names
        self._by_position = all(name is None for name in names) or len(set(map(str, names))) < len(names)
        self._index = pd.Index(_output_labels(schema))
        self._only_dtype = _only_dtype(schema)
        self._known: tuple[pd.Index[Any], list[Any]] | None = None

    def __call__(self, data: Any) -> pd.DataFrame:
        """The frame for the model.

        Raises:
            SchemaError: The data does not fit; it names the columns, what was expected and what came.
        """
        if isinstance(data, pd.DataFrame) and self._is_known(data):
            return data
        return self._enforced(as_table(data, self._schema))

    def _is_known(self, frame: pd.DataFrame) -> bool:
        """Whether a frame with these columns and dtypes has fitted before."""
        if self._known is None:
            return False
        columns, dtypes = self._known
        if not (frame.columns.is_(columns) or frame.columns.equals(columns)):
            return False
        return self._is_one_array(frame) or frame.dtypes.tolist() == dtypes

    def _is_one_array(self, frame: pd.DataFrame) -> bool:
        """Whether a small frame is one array of the only dtype in the schema, ten times as fast as its `dtypes`.

        Since pandas 3 the array is read-only when the frame shares it, and then no column has another dtype (of a
        single column it might be the content of an extension array):
        https://pandas.pydata.org/docs/user_guide/copy_on_write.html#read-only-numpy-arrays
        """
        if self._only_dtype is None or len(frame) > _SMALL:
            return False
        values = frame.to_numpy()
        return values.dtype == self._only_dtype and not values.flags.writeable

    def _enforced(self, table: Table) -> pd.DataFrame:
        positions = self._positions_by_order(table) if self._by_position else self._positions_by_name(table)
        if table.frame is not None and self._fit_by_dtype(table.frame, positions):
            return self._selected(table.frame, positions)
        given = [self._given(table, *place) for place in zip(self._columns, positions, strict=True)]
        converted = self._converted(given, table.index)
        if table.frame is not None and all(new is old for new, old in zip(converted, given, strict=True)):
            return self._selected(table.frame, positions)
        return self._assembled(converted, table, self._labels(table, positions))

    def _assembled(self, columns: list[ColumnValues], table: Table, labels: pd.Index[Any]) -> pd.DataFrame:
        if all(isinstance(column, np.ndarray) for column in columns) and len({column.dtype for column in columns}) == 1:
            return pd.DataFrame(np.column_stack(columns), index=table.index, columns=labels, copy=False)
        series = {place: self._indexed(column, table.index) for place, column in enumerate(columns)}
        frame = pd.DataFrame(series, index=table.index, copy=False)
        frame.columns = labels
        return frame

    def _indexed(self, column: ColumnValues, index: pd.Index[Any]) -> ColumnValues:
        return column if isinstance(column, np.ndarray) or column.index is index else column.set_axis(index)

    def _fit_by_dtype(self, frame: pd.DataFrame, positions: list[int | None]) -> bool:
        dtypes = frame.dtypes.tolist()
        return all(
            position is not None and _fits_without_a_look(column, dtypes[position])
            for column, position in zip(self._columns, positions, strict=True)
        )

    def _positions_by_name(self, table: Table) -> list[int | None]:
        """Where each column of the schema is in the table, None for an optional one that is not there."""
        exact = {label: position for position, label in enumerate(table.labels)}
        by_text = {str(label): position for label, position in exact.items()}
        names = [column.name for column in self._columns]
        positions = [exact.get(name, by_text.get(str(name))) for name in names]
        self._check_names(table, positions)
        return positions

    def _check_names(self, table: Table, positions: list[int | None]) -> None:
        found = set(positions)
        missing = [
            column.name
            for column, position in zip(self._columns, positions, strict=True)
            if position is None and column.required
        ]
        used = {table.labels[position] for position in positions if position is not None}
        unexpected = [label for label in dict.fromkeys(table.labels) if label not in used]
        if missing or (unexpected and self._policy == "strict"):
            raise missing_and_unexpected("columns", missing, unexpected)
        twice = [label for place, label in enumerate(table.labels) if place not in found and label in used]
        if twice:
            raise SchemaError(f"columns occur more than once: {listed(dict.fromkeys(twice))}")

    def _positions_by_order(self, table: Table) -> list[int | None]:
        if len(table.labels) != len(self._columns):
            raise SchemaError(
                f"the data has {len(table.labels)} columns, the signature has {len(self._columns)} without names",
                hint="give as many columns as the signature has, in its order",
            )
        return list(range(len(self._columns)))

    def _converted(self, given: list[ColumnValues | None], index: pd.Index[Any]) -> list[ColumnValues]:
        converted, complaints = [], []
        for place, (column, values) in enumerate(zip(self._columns, given, strict=True)):
            try:
                converted.append(self._convert(column, values, index))
            except Mismatch as mismatch:
                name = place if column.name is None else column.name
                complaints.append((mismatch.describe(f"column {name!r}", type_name(column.type)), mismatch.hint))
        if complaints:
            raise schema_error(complaints)
        return converted

    def _given(self, table: Table, column: Column, position: int | None) -> ColumnValues | None:
        if position is None:
            return None
        values = table.column(position)
        return values if table.frame is not None else with_nan(values, column)

    def _convert(self, column: Column, values: ColumnValues | None, index: pd.Index[Any]) -> ColumnValues:
        if values is None:
            return absent_column(index, column.type)
        return convert_column(values, column, self._policy)

    def _selected(self, frame: pd.DataFrame, positions: list[int | None]) -> pd.DataFrame:
        """The frame itself when it has these columns in this order and no others, else a selection from it."""
        if positions == list(range(len(frame.columns))):
            if self._by_position or list(frame.columns) == list(self._index):
                self._remember(frame)
                return frame
            return frame.set_axis(self._index, axis="columns")
        selected = frame.iloc[:, [position for position in positions if position is not None]]
        selected.columns = self._index
        return selected

    def _remember(self, frame: pd.DataFrame) -> None:
        dtypes = frame.dtypes.tolist()
        if all(_fits_without_a_look(column, dtype) for column, dtype in zip(self._columns, dtypes, strict=True)):
            self._known = (frame.columns, dtypes)

    def _labels(self, table: Table, positions: list[int | None]) -> pd.Index[Any]:
        if self._by_position and table.frame is not None:
            return table.frame.columns[[position for position in positions if position is not None]]
        return self._index


def _fits_without_a_look(column: Column, dtype: Any) -> bool:
    return isinstance(column.type, DataType) and fits(dtype, column.type)


def _only_dtype(schema: ColumnSchema) -> Any:
    """NumPy's dtype of every one of several columns, None when they differ or another has to be looked at."""
    dtypes = {DTYPES[column.type] if isinstance(column.type, DataType) else None for column in schema.columns}
    only = next(iter(dtypes))
    return (
        only if len(dtypes) == 1 < len(schema.columns) and isinstance(only, np.dtype) and only.kind in "biuf" else None
    )


def _output_labels(schema: ColumnSchema) -> list[Hashable]:
    return [place if column.name is None else column.name for place, column in enumerate(schema.columns)]

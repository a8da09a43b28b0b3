"""An input as chunks: what the model gets, and the columns that stand beside its answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

from modelpack.data.arrow_tables import data_from_arrow
from modelpack.data.codecs import JSON_LINES
from modelpack.data.libraries import require
from modelpack.data.payload import Payload
from modelpack.data.plan import InputPlan
from modelpack.errors import DataFormatError, SchemaError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd

    from modelpack.data.codecs import Codec
    from modelpack.data.media_types import MediaType
    from modelpack.pyfunc.model import PyFuncModel


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows of an input.

    Attributes:
        payload: What the model gets.
        kept: The columns that stand beside its answers, as an Arrow table; None when there are none.
    """

    payload: Payload
    kept: Any = None


class ChunkReader:
    """Reads inputs of any format for one model."""

    def __init__(self, model: PyFuncModel, keep: Sequence[str] | None = (), *, rows: int) -> None:
        """Prepare for a model.

        Args:
            model: The model, which knows its signature.
            keep: The columns that stand beside its answers; None for all.
            rows: About how many rows a chunk has.
        """
        self._keep = None if keep is None else tuple(keep)
        self._rows = rows
        self._tables = InputPlan(model.signature, arrays=model.takes_arrays)
        self._texts = InputPlan(model.signature, arrays=model.takes_arrays and keep == (), texts=keep, others=False)

    def read(
        self,
        source: str | BinaryIO,
        codec: Codec,
        media_type: MediaType,
        groups: range | None = None,
        columns: Sequence[str] | None = None,
    ) -> Iterator[Chunk]:
        """Read an input.

        Args:
            source: A stream; for Parquet the path of a file as well.
            codec: Its format.
            media_type: The same with its parameters.
            groups: The row groups or record batches to read, where the format has such; None for all.
            columns: The columns to read, where the format can; None for all.

        Raises:
            DataFormatError: It is not in its format.
            SchemaError: A value cannot be of the type that the signature gives it, or a column to keep is not there.
        """
        if codec.tables is not None:
            for table in codec.tables(source, self._rows, groups, columns):
                yield self._of_table(table)
            return
        if isinstance(source, str):
            raise TypeError(f"{codec.name} is read from a stream")
        for payload in codec.read(source, media_type, self._texts, self._rows):
            yield self._of_payload(payload, optional=codec is JSON_LINES)

    def _of_table(self, table: Any) -> Chunk:
        names = self._kept_names(table.column_names)
        beside = self._beside(names)
        inputs = table.drop_columns(beside) if beside else table
        return Chunk(Payload(data_from_arrow(inputs, self._tables)), table.select(names) if names else None)

    def _of_payload(self, payload: Payload, *, optional: bool) -> Chunk:
        frame = payload.data
        if optional and self._keep and hasattr(frame, "columns"):  # no record of the chunk need have each of them
            frame = frame.reindex(columns=list(dict.fromkeys((*frame.columns, *self._keep))))
        names = self._kept_names(list(getattr(frame, "columns", ())))
        if not names:
            return Chunk(payload)
        kept = {name: self._column(frame[name]) for name in names}
        inputs = frame.drop(columns=self._beside(names))
        return Chunk(Payload(inputs, payload.params), require("pyarrow", "arrow").table(kept))

    def _kept_names(self, found: list[str]) -> list[str]:
        if self._keep is None:
            return found
        for name in self._keep:
            if name not in found:
                raise SchemaError(f"there is no column {name!r} to keep")
        return list(self._keep)

    def _beside(self, names: list[str]) -> list[str]:
        """Those that the model does not get, since its signature says by name which it takes."""
        taken = set(map(str, self._tables.names))
        return [name for name in names if name not in taken] if taken else []

    def _column(self, values: pd.Series[Any]) -> Any:
        pa = require("pyarrow", "arrow")
        try:
            column = pa.array(values, from_pandas=True)
        except (pa.ArrowException, ValueError) as error:
            raise DataFormatError(f"the column to keep {values.name!r} holds values of several types") from error
        return column.cast(pa.string()) if pa.types.is_null(column.type) else column

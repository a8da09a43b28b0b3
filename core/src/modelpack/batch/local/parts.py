"""The files of an output: one for each item, in directories by the values of the columns that it is partitioned by."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import quote

from modelpack.batch.chunks import table_beside
from modelpack.batch.publishing import unwritable
from modelpack.data.arrow_tables import frame_from_arrow, table_from_predictions
from modelpack.data.codecs import ARROW_FILE, CSV, JSON_LINES, PARQUET
from modelpack.data.libraries import require
from modelpack.data.tables import prediction_frame
from modelpack.data.writers import WriteOptions
from modelpack.errors import InvalidArgumentError, ModelpackError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from modelpack.batch.reading import Chunk
    from modelpack.batch.records import OutputFormat
    from modelpack.data.writers import Writer

CODECS = {"parquet": PARQUET, "csv": CSV, "json": JSON_LINES, "arrow": ARROW_FILE}
MISSING = "__HIVE_DEFAULT_PARTITION__"
"""The directory of rows that have no value, as Hive and Spark call it."""
_SAFE = " !$&'()+,-.;@[]_`{}~"
"""What stands in a directory's name as it is, beside letters and digits."""
_MOST_FILES = 500


class UnwritableError(InvalidArgumentError):
    """The output cannot be written, so there is no use in going on with another part of the input."""


class PartWriter:
    """Writes what a model answered for one item."""

    def __init__(
        self,
        directory: Path,
        number: int,
        output_format: OutputFormat,
        names: Sequence[str],
        partition_by: Sequence[str],
        agreed: Callable[[Any], Any],
    ) -> None:
        """Prepare to write; files are made when there is something to write.

        Args:
            directory: The output.
            number: The item's number.
            output_format: The files' format.
            names: The prediction columns' names where the predictions have none.
            partition_by: The columns whose values become directories.
            agreed: Answers the schema that all parts have, given the one that this part would have.
        """
        self._directory = directory
        self._codec = CODECS[output_format]
        self._name = f"part-{number:05d}{self._codec.suffixes[0]}"
        self._names = names
        self._partition_by = list(partition_by)
        self._agreed = agreed
        self._schema: Any = None
        self._files: dict[str, tuple[BinaryIO, Writer]] = {}

    def write(self, predictions: Any, chunk: Chunk) -> None:
        """Append the rows of a chunk.

        Raises:
            ModelFailureError: The model's answer fits no table, or not the one that the other parts are.
            InvalidArgumentError: There are too many partitions, or nothing is left to write in them.
            UnwritableError: The disk is full, or similar.
        """
        if chunk.kept is None and not self._partition_by and self._codec.tables is None:
            self._append("", prediction_frame(predictions, self._names))
            return
        table = table_beside(predictions, chunk.kept, self._names)
        if self._codec.tables is not None:
            table = self._as_agreed(table)
        for place, rows in self._partitions(table):
            tabular = self._codec.tables is not None
            self._append(place, rows if tabular else frame_from_arrow(rows, rows.column_names))

    def close(self) -> None:
        """Finish the files.

        Raises:
            UnwritableError: The disk is full, or similar.
        """
        with self._writable():
            for stream, writer in self._files.values():
                writer.close()
                stream.flush()
                os.fsync(stream.fileno())
                stream.close()

    def discard(self) -> None:
        """Remove the files."""
        for place, (stream, _) in self._files.items():
            with suppress(OSError):  # what a full disk did not take
                stream.close()
            (self._directory / place / self._name).unlink(missing_ok=True)

    def _as_agreed(self, table: Any) -> Any:
        if self._schema is None:
            self._schema = self._agreed(table.schema.remove_metadata())
        try:
            return table_from_predictions(table, (), self._schema)
        except ModelpackError as error:
            fields = ", ".join(f"{field.name} {field.type}" for field in self._schema)
            raise type(error)(error.message, hint=f"the other parts of the output have: {fields}") from error

    def _partitions(self, table: Any) -> Iterator[tuple[str, Any]]:
        """The rows that go to each directory, in their order."""
        if not self._partition_by:
            yield "", table
            return
        keys = table.select(self._partition_by)
        rest = table.drop_columns(self._partition_by)
        if not rest.column_names:
            raise InvalidArgumentError("every column of the output is one to partition by, so nothing is left to write")
        groups = frame_from_arrow(keys, keys.column_names).groupby(self._partition_by, sort=False, dropna=False)
        for rows in groups.indices.values():
            first = keys.slice(int(rows[0]), 1).to_pylist()[0]
            place = "/".join(f"{quote(name, _SAFE)}={_directory_name(value)}" for name, value in first.items())
            yield place, rest.take(require("pyarrow", "arrow").array(rows))

    def _append(self, place: str, rows: Any) -> None:
        with self._writable():
            if place not in self._files:
                self._files[place] = self._opened(place)
            self._files[place][1].write(rows)

    def _opened(self, place: str) -> tuple[BinaryIO, Writer]:
        if len(self._files) >= _MOST_FILES:
            raise InvalidArgumentError(
                f"more than {_MOST_FILES} partitions in one part of the input",
                hint="partition by a column that has fewer values",
            )
        directory = self._directory / place
        directory.mkdir(parents=True, exist_ok=True)
        stream: Any = (directory / self._name).open("xb")
        return stream, self._codec.writer(stream, WriteOptions(names=tuple(self._names)))

    @contextmanager
    def _writable(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            cause = unwritable(self._directory, error)
            raise UnwritableError(cause.message, hint=cause.hint) from error


def _directory_name(value: Any) -> str:
    if value is None or value != value:  # noqa: PLR0124 - NaN differs from itself
        return MISSING
    text = value.isoformat() if hasattr(value, "isoformat") else str(value)
    return quote(text, _SAFE) if text else MISSING

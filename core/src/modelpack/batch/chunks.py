"""The loop of every batch: read a chunk, score it, write it, and say which rows failed."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from modelpack.data.arrow_tables import table_from_predictions
from modelpack.data.libraries import require
from modelpack.errors import InvalidArgumentError, ModelFailureError, ModelpackError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from modelpack.batch.reading import Chunk
    from modelpack.pyfunc.model import PyFuncModel


def score_chunks(
    model: PyFuncModel,
    chunks: Iterator[Chunk],
    write: Callable[[Any, Chunk], None],
    *,
    params: Mapping[str, Any] | None = None,
    first_row: int = 0,
    progress: Callable[[int], None],
) -> int:
    """Score chunk after chunk.

    Args:
        model: The loaded model.
        chunks: What `ChunkReader` reads.
        write: Takes what the model answered for each chunk that has rows, and the chunk.
        params: Params for every call of `predict`; they go before those in the input.
        first_row: How many rows stand before the first chunk, for messages.
        progress: Called after each chunk with the number of rows so far.

    Returns:
        The number of rows.

    Raises:
        ModelpackError: Reading, scoring or writing failed; the message names the rows.
    """
    rows = 0
    while True:
        with placed(f"after row {first_row + rows}"):
            chunk = next(chunks, None)
        if chunk is None:
            return rows
        count = row_count(chunk.payload.data)
        if count == 0:
            continue
        with placed(f"rows {first_row + rows + 1} to {first_row + rows + count}"):
            write(model.predict(chunk.payload.data, params or chunk.payload.params), chunk)
        rows += count
        progress(rows)


def table_beside(predictions: Any, kept: Any, names: Sequence[str]) -> Any:
    """An Arrow table of kept columns and what a model answered for their rows.

    Args:
        predictions: What the model answered.
        kept: The kept columns, as an Arrow table; None when there are none.
        names: The prediction columns' names where the predictions have none.

    Raises:
        ModelFailureError: There are more or fewer predictions than rows, or they are no table.
        InvalidArgumentError: A prediction column has the name of a kept one.
    """
    table = table_from_predictions(predictions, names)
    if kept is None:
        return table
    if table.num_rows != kept.num_rows:
        raise ModelFailureError(f"the model answered {table.num_rows} predictions for {kept.num_rows} rows")
    clashes = [name for name in table.column_names if name in kept.column_names]
    if clashes:
        raise name_clash(clashes)
    columns = [*kept.columns, *table.columns]
    return require("pyarrow", "arrow").Table.from_arrays(columns, names=[*kept.column_names, *table.column_names])


def name_clash(names: Sequence[str]) -> InvalidArgumentError:
    """The error for kept columns with names that predictions have."""
    return InvalidArgumentError(
        f"columns to keep have the names of predictions: {', '.join(map(repr, names))}",
        hint="leave them out with --keep for each column that shall stay, or rename them in the input",
    )


@contextmanager
def placed(place: str) -> Iterator[None]:
    """Put a place before the message of an error."""
    try:
        yield
    except ModelpackError as error:
        raise type(error)(f"{place}: {error.message}", hint=error.hint) from error


def row_count(data: Any) -> int:
    """How many rows a frame, array or dict of arrays has."""
    if isinstance(data, dict):
        return min((row_count(values) for values in data.values()), default=0)
    return len(data) if getattr(data, "ndim", 1) else 1

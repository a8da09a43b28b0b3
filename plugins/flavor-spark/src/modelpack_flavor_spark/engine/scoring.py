"""What Spark's Python workers do with a batch: predictions beside the columns that are kept."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modelpack import errors
from modelpack.errors import ModelFailureError, ModelpackError, SchemaError
from modelpack_flavor_spark.columns import parsed_type
from modelpack_flavor_spark.engine.source import FILE
from modelpack_flavor_spark.udf.worker import model_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import pyarrow as pa

    from modelpack.data.plan import InputPlan
    from modelpack.pyfunc.model import PyFuncModel
    from modelpack.pyfunc.source import ModelSource


@dataclass(frozen=True, slots=True)
class BatchTask:
    """What a worker is sent; the model itself is there already.

    Attributes:
        archive: The directory of the model below that of Spark's files.
        source: How to load it; it holds the digest that it has to have.
        keep: The columns that stand before the predictions.
        names: The prediction columns' names where the predictions have none.
        params: Params for every call of `predict`.
        place: What the input is called, where rows are not from files.
    """

    archive: str
    source: ModelSource
    keep: tuple[str, ...]
    names: tuple[str, ...]
    params: Mapping[str, Any] | None
    place: str


def probe(task: BatchTask) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """A function for `mapInArrow` that answers the Arrow schema of the predictions."""

    def schema(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa

        scoring = BatchScoring(task)
        for batch in batches:
            if batch.num_rows:
                found = scoring.predictions(batch).schema.remove_metadata().serialize().to_pybytes()
                yield pa.record_batch([pa.array([found], pa.binary())], names=["schema"])

    return schema


def scorer(task: BatchTask, serialized: bytes) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """A function for `mapInArrow` that answers the kept columns and the predictions, of the schema that was found."""

    def score(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa

        scoring, schema = BatchScoring(task), pa.ipc.read_schema(pa.py_buffer(serialized))
        for batch in batches:
            if batch.num_rows:
                table = scoring.predictions(batch, schema)
                columns = [batch.column(name) for name in task.keep]
                columns += [column.combine_chunks() for column in table.columns]
                yield pa.RecordBatch.from_arrays(columns, names=[*task.keep, *table.column_names])

    return score


class BatchScoring:
    """One partition's way from its rows to their predictions."""

    def __init__(self, task: BatchTask) -> None:
        """Load the model, unless this worker has."""
        from modelpack.data.plan import InputPlan

        self._task = task
        self._model: PyFuncModel = model_of(task.archive, task.source)
        self._plan: InputPlan = InputPlan(self._model.signature, arrays=self._model.takes_arrays)

    def predictions(self, batch: pa.RecordBatch, schema: pa.Schema | None = None) -> pa.Table:
        """What the model answers, as a table of the schema where one is given.

        Raises:
            ModelpackError: The rows do not fit, or the model failed; the message names the files that they are from.
        """
        from modelpack.batch.chunks import placed
        from modelpack.data.arrow_tables import data_from_arrow, table_from_predictions

        with placed(self._place(batch)):
            answer = self._model.predict(data_from_arrow(self._inputs(batch), self._plan), self._task.params)
            table: pa.Table = table_from_predictions(answer, self._task.names, schema)
            if table.num_rows != batch.num_rows:
                raise ModelFailureError(f"the model answered {table.num_rows} predictions for {batch.num_rows} rows")
            return table

    def _inputs(self, batch: pa.RecordBatch) -> pa.Table:
        """The columns that the model gets, those that are text in the file as what the signature says."""
        import pyarrow as pa

        taken = set(map(str, self._plan.names))
        table = pa.Table.from_batches([batch])
        table = table.drop_columns([name for name in (FILE,) if name in table.column_names])
        if taken:
            table = table.drop_columns([name for name in self._task.keep if name not in taken])
        return pa.table({name: self._parsed(name, table[name]) for name in table.column_names})

    def _parsed(self, name: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
        import pyarrow as pa

        wanted = parsed_type(self._plan.types.get(name), column.type)
        try:
            return column if wanted == column.type else column.cast(wanted)
        except pa.ArrowInvalid as error:
            raise SchemaError(f"column {name!r} should be {wanted}: {error}") from error

    def _place(self, batch: pa.RecordBatch) -> str:
        import pyarrow.compute as pc

        if FILE not in batch.schema.names:
            return self._task.place
        return ", ".join(pc.unique(batch.column(FILE)).to_pylist())


def as_error(message: str) -> ModelpackError:
    """The error that a worker raised, from the text that Spark made of it."""
    found = re.findall(r"^modelpack\.errors\.(\w+): (.*(?:\nhint: .*)?)", message, re.MULTILINE)
    kind = getattr(errors, found[-1][0], None) if found else None
    if not isinstance(kind, type) or not issubclass(kind, ModelpackError):
        last = next(
            (line for line in message.splitlines()[::-1] if re.match(r"[\w.]+(Error|Exception)\b", line)), message
        )
        return ModelFailureError(f"the Spark job failed: {last[:500]}")
    text, _, hint = found[-1][1].partition("\nhint: ")
    return kind(text, hint=hint or None)

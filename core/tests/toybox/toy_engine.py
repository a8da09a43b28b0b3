"""A toy engine: complete and correct, one process and one thread, so that the hook is seen by itself."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet

from modelpack.batch.chunks import table_beside
from modelpack.batch.records import BatchProgress, BatchResult
from modelpack.contexts import BatchContext
from modelpack.errors import InvalidArgumentError
from modelpack.hookspecs import hookimpl
from modelpack.interfaces import Engine, PluginOptions

TABLES = {
    "sales": pa.table({"id": ["s0", "s1"], "x": [1.0, 2.0], "y": [0.5, 0.5]}),
    "words": pa.table({"x": ["one"], "y": [0.5]}),
}


class ToyEngineOptions(PluginOptions):
    """What `-O key=value` takes for the toy engine."""

    master: str = "here"
    rounds: int = 1
    fail: bool = False


class ToyEngine(Engine[ToyEngineOptions]):
    """Scores Parquet files, and the tables above, of a `toy:` place of which it is the only one to know."""

    name = "toy"
    options_type = ToyEngineOptions

    def reads(self, source: str) -> bool:
        """Its tables."""
        return source.startswith("toy:")

    def writes(self, destination: str) -> bool:
        """Its places."""
        return destination.startswith("toy:")

    @hookimpl
    def modelpack_score_batch(self, context: BatchContext[ToyEngineOptions]) -> BatchResult:
        """Score file after file."""
        request, rows = context.request, 0
        if request.options.fail:
            raise RuntimeError("the cluster is on fire")
        model = request.model.load()
        for number, (keep, table) in enumerate(_tables(context)):
            predictions = model.predict(table, request.params)
            output = table_beside(predictions, table.select(keep), context.names)
            if context.directory is not None:
                pyarrow.parquet.write_table(output, context.directory / f"part-{number:05d}.parquet")
            rows += len(table) * request.options.rounds
            context.progress(BatchProgress(rows))
        return BatchResult(rows)


def _tables(context: BatchContext[ToyEngineOptions]) -> list[tuple[tuple[str, ...], pa.Table]]:
    if context.request.source.startswith("toy:"):
        name = context.request.source.removeprefix("toy:")
        if name not in TABLES:
            raise InvalidArgumentError(f"there is no table {name!r}")
        return [(context.check_columns(f"table {name}", TABLES[name].schema), TABLES[name])]
    return [
        (file.keep, pyarrow.parquet.read_table(Path(file.path), columns=list(file.columns or ())))
        for file in context.files
    ]


engine = ToyEngine()

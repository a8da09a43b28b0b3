"""A batch as one would write it by hand: read, predict, write, a batch of rows at a time; nothing is checked."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

if TYPE_CHECKING:
    from collections.abc import Iterator

ROWS = 50_000


def batches(source: str) -> Iterator[Any]:
    """The batches of a file."""
    if source.endswith(".csv"):
        yield from pyarrow.csv.open_csv(source, read_options=pyarrow.csv.ReadOptions(block_size=4 << 20))
        return
    yield from pyarrow.parquet.ParquetFile(source).iter_batches(batch_size=ROWS)


def main(model: str, source: str, destination: str) -> None:
    """Score a file into a file, an id beside each prediction."""
    estimator = pickle.loads(Path(model).read_bytes())  # noqa: S301 - this benchmark wrote it
    writer: Any = None
    for batch in batches(source):
        names = [name for name in batch.schema.names if name != "id"]
        predictions = estimator.predict(batch.select(names).to_tensor().to_numpy())
        table = pa.table({"id": batch["id"], "prediction": predictions})
        if writer is None:
            write = pyarrow.csv.CSVWriter if source.endswith(".csv") else pyarrow.parquet.ParquetWriter
            writer = write(destination, table.schema)
        writer.write_table(table)
    writer.close()


if __name__ == "__main__":
    main(*sys.argv[1:])

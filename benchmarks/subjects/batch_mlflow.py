"""A batch by MLflow's generic Python view, some rows at a time; its `models predict` would read all at once."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import mlflow.pyfunc
import pandas as pd
import pyarrow as pa
import pyarrow.parquet

if TYPE_CHECKING:
    from collections.abc import Iterator

ROWS = 50_000


def frames(source: str) -> Iterator[pd.DataFrame]:
    """The batches of a file."""
    if source.endswith(".csv"):
        yield from pd.read_csv(source, chunksize=ROWS)
        return
    for batch in pyarrow.parquet.ParquetFile(source).iter_batches(batch_size=ROWS):
        yield batch.to_pandas()


def main(model: str, source: str, destination: str) -> None:
    """Score a file into a file, an id beside each prediction."""
    loaded = mlflow.pyfunc.load_model(model)
    writer: Any = None
    for place, frame in enumerate(frames(source)):
        answer = pd.DataFrame({"id": frame["id"], "prediction": loaded.predict(frame)})
        if source.endswith(".csv"):
            answer.to_csv(destination, mode="a", index=False, header=place == 0)
            continue
        table = pa.Table.from_pandas(answer, preserve_index=False)
        writer = writer or pyarrow.parquet.ParquetWriter(destination, table.schema)
        writer.write_table(table)
    if writer is not None:
        writer.close()


if __name__ == "__main__":
    main(*sys.argv[1:])

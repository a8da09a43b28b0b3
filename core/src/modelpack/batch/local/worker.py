"""A process that scores items."""

from __future__ import annotations

import io
import os
import sys
from contextlib import ExitStack
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

from modelpack.batch.chunks import placed, score_chunks
from modelpack.batch.local.messages import Agree, Done, Failed, Scored, Task
from modelpack.batch.local.parts import PartWriter, UnwritableError
from modelpack.batch.local.stretches import Stretch
from modelpack.batch.reading import ChunkReader
from modelpack.batch.scoring import input_codec
from modelpack.batch.streams import is_remote, opened_source
from modelpack.data.codecs import PARQUET
from modelpack.data.libraries import require
from modelpack.pyfunc.forking import leave
from modelpack.pyfunc.signals import leave_to_supervisor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from modelpack.batch.local.items import Item
    from modelpack.batch.reading import Chunk
    from modelpack.data.codecs import Codec
    from modelpack.pyfunc.model import PyFuncModel

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def work(load: Callable[[], PyFuncModel], task: Task, driver: Connection) -> int:
    """Score the items that come through a pipe until it says that there are no more, or ends.

    Args:
        load: Answers the model.
        task: What to do with each item.
        driver: The pipe.

    Returns:
        The exit code.
    """
    for name in _THREADS:
        os.environ.setdefault(name, str(task.threads))
    try:
        require("pyarrow", "arrow").set_cpu_count(task.threads)
        worker = _Worker(load(), task, driver)
    except Exception as error:  # noqa: BLE001 - the driver is told, whatever it is
        driver.send(Failed.of(error, fatal=True))
        return 1
    try:
        while (item := driver.recv()) is not None:
            driver.send(worker.outcome(item))
    except (EOFError, OSError):
        return 1  # the driver is gone
    return 0


class _Worker:
    """A loaded model and what is done with it."""

    def __init__(self, model: PyFuncModel, task: Task, driver: Connection) -> None:
        self._model = model
        self._task = task
        self._driver = driver
        self._schema: Any = None

    def outcome(self, item: Item) -> Done | Failed:
        task = self._task
        parts = PartWriter(task.directory, item.number, task.format, task.names, task.partition_by, self._agreed)
        try:
            with placed(item.file):
                rows = self._score(item, parts)
                parts.close()
        except (BrokenPipeError, ConnectionResetError, EOFError):
            parts.discard()
            raise
        except Exception as error:  # noqa: BLE001 - the driver is told, whatever it is
            parts.discard()
            return Failed.of(error, fatal=isinstance(error, UnwritableError))
        return Done(rows)

    def _score(self, item: Item, parts: PartWriter) -> int:
        with ExitStack() as stack:
            return score_chunks(
                self._model,
                self._chunks(item, stack),
                parts.write,
                params=self._task.params,
                first_row=item.first_row,
                progress=lambda rows: self._driver.send(Scored(rows)),
            )

    def _chunks(self, item: Item, stack: ExitStack) -> Iterator[Chunk]:
        codec, media_type = input_codec(item.file, self._task.content_type)
        reader = ChunkReader(self._model, item.keep, rows=self._task.chunk_rows)
        return reader.read(self._source(item, codec, stack), codec, media_type, item.groups, item.columns)

    def _source(self, item: Item, codec: Codec, stack: ExitStack) -> Any:
        if codec is PARQUET and not is_remote(item.file):
            return item.file  # Arrow reads it by itself, without a lock of Python's
        stream = stack.enter_context(opened_source(item.file))
        if item.lines is None:
            return stream
        return io.BufferedReader(Stretch(stream, item.header, *item.lines), buffer_size=1 << 20)

    def _agreed(self, schema: Any) -> Any:
        """The schema of the part that was the first to have one."""
        if self._schema is None:
            self._driver.send(Agree(schema.serialize().to_pybytes()))
            reply: Agree = self._driver.recv()
            pa = require("pyarrow", "arrow")
            self._schema = require("pyarrow.ipc", "arrow").read_schema(pa.py_buffer(reply.schema))
        return self._schema


def main() -> None:
    """Be a worker that was started as a program of its own; what it shall do comes through its standard input."""
    leave_to_supervisor()
    with Connection(os.dup(0)) as driver:
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        sys.path[:] = driver.recv()
        task: Task = driver.recv()
        code = work(task.model.load, task, driver)
    leave(code)


if __name__ == "__main__":
    main()

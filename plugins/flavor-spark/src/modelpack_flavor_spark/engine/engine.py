"""The engine `spark`. PySpark is imported when a batch is scored."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from modelpack import Engine, PluginOptions, hookimpl
from modelpack.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelpack import BatchContext
    from modelpack.batch.records import BatchRequest, BatchResult

_REMOTE = re.compile(r"(?!file:|https?:)[A-Za-z][A-Za-z0-9+.-]*:/")
_TABLE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*){0,2}")
_SUFFIXES = (".parquet", ".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".arrow", ".feather")
_ROWS = "spark.sql.execution.arrow.maxRecordsPerBatch"


class SparkEngineOptions(PluginOptions):
    """What `-O key=value` takes for the engine `spark`.

    Attributes:
        master: Where a session is started when there is none, such as `local[4]`, `yarn` or `spark://host:7077`.
        remote: The Spark Connect server to use instead, such as `sc://host`.
        conf: Settings of a session that is started.
    """

    master: str | None = None
    remote: str | None = None
    conf: dict[str, str] = {}  # noqa: RUF012 - pydantic copies it


class SparkEngine(Engine[SparkEngineOptions]):
    """Scores files and tables as a Spark job, with the active session or one that is started for it."""

    name = "spark"
    options_type = SparkEngineOptions

    def reads(self, source: str) -> bool:
        """Whatever Spark has a file system for, and tables: `catalog.schema.table`."""
        return bool(_REMOTE.match(source)) or (bool(_TABLE.fullmatch(source)) and not source.endswith(_SUFFIXES))

    def writes(self, destination: str) -> bool:
        """Whatever Spark has a file system for."""
        return bool(_REMOTE.match(destination))

    @hookimpl
    def modelpack_score_batch(self, context: BatchContext[SparkEngineOptions]) -> BatchResult:
        """Read, score and write in one job, after a few rows have shown what the model answers."""
        from modelpack_flavor_spark.engine.job import run

        request = context.request
        if request.on_error != "fail":
            raise InvalidArgumentError(
                f"on_error is {request.on_error!r}, and a Spark job ends with the first part that cannot be scored",
                hint="correct that part, which the error names, or use the engine 'local'",
            )
        with _session(request) as session, _batches_of(session, request.chunk_rows):
            return run(session, context)


@contextmanager
def _session(request: BatchRequest[SparkEngineOptions]) -> Iterator[Any]:
    """The active session, or one that is started and stopped here."""
    from modelpack_flavor_spark.sessions import QUIET, active_session, new_session

    options, active = request.options, active_session()
    if active is not None and options.master is None and options.remote is None:
        yield active
        return
    if active is not None:
        raise InvalidArgumentError(
            f"a session is active, so none is started at {options.remote or options.master}",
            hint="leave master and remote out to use it, or stop it first",
        )
    if options.remote is not None:
        session = new_session(None, {"spark.remote": options.remote, **options.conf})
    else:
        master = options.master or f"local[{request.workers or '*'}]"
        settings = QUIET if master.startswith("local") else {}
        session = new_session(master, {**settings, **options.conf})
    try:
        yield session
    finally:
        session.stop()


@contextmanager
def _batches_of(session: Any, rows: int) -> Iterator[None]:
    """Let Spark hand over so many rows at a time."""
    before = session.conf.get(_ROWS)
    session.conf.set(_ROWS, str(rows))
    try:
        yield
    finally:
        session.conf.set(_ROWS, before)


engine = SparkEngine()

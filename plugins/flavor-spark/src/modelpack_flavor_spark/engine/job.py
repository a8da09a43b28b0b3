"""One batch on Spark: checked, tried on a few rows, scored, written."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from modelpack.batch.chunks import name_clash
from modelpack.batch.records import BatchProgress, BatchResult
from modelpack.errors import InvalidArgumentError, ModelpackError
from modelpack_flavor_spark.columns import column_types, parsed_type
from modelpack_flavor_spark.engine.output import FORMATS, staged, tidy
from modelpack_flavor_spark.engine.progress import watched
from modelpack_flavor_spark.engine.scoring import BatchTask, as_error, probe, scorer
from modelpack_flavor_spark.engine.source import FILE, place_of, source_frame
from modelpack_flavor_spark.sessions import hushed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelpack import BatchContext

_TRIED_ROWS = 20


def run(session: Any, context: BatchContext[Any]) -> BatchResult:
    """Score a batch.

    Raises:
        SchemaError: The input does not fit the signature; nothing was scored.
        ModelpackError: The job failed; the message names the file.
    """
    request = context.request
    if request.format not in FORMATS:
        raise InvalidArgumentError(
            f"the engine 'spark' does not write {request.format}", hint=f"choose one of {', '.join(FORMATS)}"
        )
    with hushed(), _told():
        frame = source_frame(session, context)
        task = _task(session, context, frame)
        serialized = _answered_schema(frame, task)
        scored = frame.mapInArrow(scorer(task, serialized), _output_schema(frame, task, serialized))
        with staged(session, context) as place:
            return BatchResult(_written(session, context, scored, place))


def _task(session: Any, context: BatchContext[Any], frame: Any) -> BatchTask:
    from modelpack.package.load import open_model
    from modelpack_flavor_spark.udf.shipping import authorized, ship

    request, place = context.request, place_of(context)
    columns = context.files[0].keep if context.files else context.check_columns(place, _arrow_schema(frame, context))
    stored = replace(open_model(context.model_path, verify=False), digest=request.model.digest or "")
    trusted = authorized(stored, request.model.flavor, request.model.trust)
    return BatchTask(
        archive=ship(session, stored),
        source=replace(request.model, uri="", trust=trusted),
        keep=tuple(columns),
        names=context.names,
        params=request.params,
        place=place,
    )


def _arrow_schema(frame: Any, context: BatchContext[Any]) -> Any:
    """The columns of a DataFrame as the model will get them, without the one for messages."""
    import pyarrow as pa
    from pyspark.sql.pandas.types import to_arrow_schema
    from pyspark.sql.types import StructType

    types = column_types(None if context.signature is None else context.signature.inputs)
    fields = StructType([field for field in frame.schema.fields if field.name != FILE])
    return pa.schema([each.with_type(parsed_type(types.get(each.name), each.type)) for each in to_arrow_schema(fields)])


def _answered_schema(frame: Any, task: BatchTask) -> bytes:
    """The columns that the model answers, seen on a few rows; where there are none, as far as the names are known."""
    import pyarrow as pa

    found = frame.limit(_TRIED_ROWS).mapInArrow(probe(task), "schema binary").collect()
    if found:
        schema = pa.ipc.read_schema(pa.py_buffer(bytes(found[0]["schema"])))
        plain = [field.with_type(pa.string()) if pa.types.is_null(field.type) else field for field in schema]
    else:
        plain = [pa.field(name, pa.float64()) for name in task.names or ("prediction",)]
    taken = [field.name for field in plain if field.name in task.keep]
    if taken:
        raise name_clash(taken)
    return bytes(pa.schema(plain).serialize())


def _output_schema(frame: Any, task: BatchTask, serialized: bytes) -> Any:
    import pyarrow as pa
    from pyspark.sql.pandas.types import from_arrow_schema
    from pyspark.sql.types import StructType

    predictions = from_arrow_schema(pa.ipc.read_schema(pa.py_buffer(serialized)))
    return StructType([*(frame.schema[name] for name in task.keep), *predictions.fields])


def _written(session: Any, context: BatchContext[Any], scored: Any, place: str) -> int:
    """Write everything, and count the rows on the way."""
    from pyspark.sql import Observation
    from pyspark.sql.functions import count, lit

    request, observation = context.request, Observation()
    writer = scored.observe(observation, count(lit(1)).alias("rows")).write.mode("append").format(request.format)
    if request.partition_by:
        writer = writer.partitionBy(*request.partition_by)
    with watched(session, context.progress):
        writer.options(**FORMATS[request.format]).save(place)
    rows = int(observation.get["rows"])
    if context.directory is not None:
        tidy(context.directory, request.format)
    context.progress(BatchProgress(rows, 1, 1))
    return rows


@contextmanager
def _told() -> Iterator[None]:
    """Turn what Spark makes of a worker's error into that error again."""
    from pyspark.errors import PySparkException

    try:
        yield
    except ModelpackError:
        raise
    except PySparkException as error:
        raise as_error(str(error)) from error
    except Exception as error:
        if type(error).__module__.partition(".")[0] != "py4j":
            raise
        raise as_error(str(error)) from error

"""A fitted `PipelineModel` as a bundle, stage by stage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelpack.errors import InvalidArgumentError, MissingDependencyError, WrongModelError
from modelpack_flavor_mleap.bundle import Bundle
from modelpack_flavor_mleap.errors import MLeapSerializationException
from modelpack_flavor_mleap.node import Node
from modelpack_flavor_mleap.spark.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Writer = Callable[[Any, Table], list[Node]]


def convert(model: Any, sample: Any) -> Bundle:
    """Make a bundle of a pipeline.

    Args:
        model: A fitted `PipelineModel`, of operators that MLeap has.
        sample: A Spark DataFrame that it takes, for the types of its columns; no job is run on it, but where the
            width of a column of vectors is only in its first row.

    Raises:
        WrongModelError: The model is something else.
        InvalidArgumentError: The sample is something else.
        MLeapSerializationException: A stage cannot be written.
    """
    _check_model(model)
    _check_sample(sample)
    writers = _writers()
    _check_stages(model, writers, "")
    table = Table(sample)
    root = _pipeline(model, table, writers, "")
    return Bundle(root, Table(sample).schema(Bundle(root).inputs))


def _pipeline(model: Any, table: Table, writers: Mapping[str, Writer], before: str) -> Node:
    nodes: list[Node] = []
    for place, stage in enumerate(model.stages):
        if type(stage).__name__ == "PipelineModel":
            nodes.append(_pipeline(stage, table, writers, f"{before}{place}."))
        else:
            nodes += _stage(stage, table, writers, f"{before}{place}")
    return Node.pipeline(model.uid, tuple(nodes))


def _stage(stage: Any, table: Table, writers: Mapping[str, Writer], place: str) -> list[Node]:
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        nodes = writers[type(stage).__name__](stage, table)
        table.advance(stage)
    except (MLeapSerializationException, Py4JError, PySparkException, ValueError, KeyError) as error:
        reason = error.message if isinstance(error, MLeapSerializationException) else _first_line(error)
        raise MLeapSerializationException(f"{_named(stage, place)} cannot be written: {reason}") from error
    return nodes


def _check_model(model: Any) -> None:
    try:
        from pyspark.ml import PipelineModel
        from pyspark.sql.utils import is_remote
    except ImportError as error:
        raise MissingDependencyError(
            "writing a bundle of a Spark pipeline needs pyspark", hint="pip install modelpack-flavor-mleap[spark]"
        ) from error
    if not isinstance(model, PipelineModel):
        raise WrongModelError("mleap", "a fitted PipelineModel of Spark", model)
    if is_remote():
        raise InvalidArgumentError(
            "the session is one of Spark Connect, through which the parameters of a model cannot be read",
            hint="load the PipelineModel in a classic session, and save it from there",
        )


def _check_sample(sample: Any) -> None:
    from pyspark.sql import DataFrame

    if not isinstance(sample, DataFrame):
        raise InvalidArgumentError(
            f"sample_input is a {type(sample).__name__}, and a Spark DataFrame is needed for the types of the columns",
            hint="give some rows that the pipeline takes: sample_input=training.limit(5)",
        )


def _check_stages(model: Any, writers: Mapping[str, Writer], before: str) -> None:
    """Name what is not supported before anything is read or written."""
    for place, stage in enumerate(model.stages):
        name = type(stage).__name__
        if name == "PipelineModel":
            _check_stages(stage, writers, f"{before}{place}.")
        elif name not in writers or not type(stage).__module__.startswith("pyspark.ml."):
            raise MLeapSerializationException(
                f"{_named(stage, f'{before}{place}')} cannot be written to a bundle",
                hint=f"these stages can: {', '.join(sorted(writers))}",
            )


def _writers() -> Mapping[str, Writer]:
    from modelpack_flavor_mleap.spark import encoders, models, scalers, texts, trees, vectors

    modules: Sequence[Any] = (encoders, scalers, vectors, texts, models, trees)
    return {name: writer for module in modules for name, writer in module.WRITERS.items()}


def _named(stage: Any, place: str) -> str:
    return f"stage {place} of the pipeline, the {type(stage).__name__} {stage.uid!r},"


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]

"""What Spark's Python workers do: load a model once, and score one Arrow batch after another with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa
    from pyspark.sql.types import DataType

    from modelpack.pyfunc.model import PyFuncModel
    from modelpack.pyfunc.source import ModelSource

_MODELS: dict[ModelSource, PyFuncModel] = {}
"""The models that this worker has loaded, with whatever they may run when they are loaded."""


@dataclass(frozen=True, slots=True)
class Task:
    """What a worker is sent with each job; the model itself is there already.

    Attributes:
        archive: The directory of the model below that of Spark's files.
        source: How to load it; it holds the digest that it has to have, and that digest alone is trusted, if any is.
        names: The input columns' names, in the order of the arguments; empty for names by position (S153).
        result_type: What each row becomes.
        outputs: The prediction columns' names where the model's answer has none.
        params: Params for every call of `predict`.
    """

    archive: str
    source: ModelSource
    names: tuple[str, ...]
    result_type: DataType
    outputs: tuple[str, ...]
    params: Mapping[str, Any] | None


def model_of(archive: str, source: ModelSource) -> PyFuncModel:
    """A model that was sent here, loaded when this worker needs it first."""
    from pyspark import SparkFiles

    model = _MODELS.get(source)
    if model is None:
        place = Path(SparkFiles.getRootDirectory(), archive).absolute()
        model = _MODELS[source] = replace(source, uri=str(place)).load()
    return model


def scorer(task: Task) -> Callable[[Iterator[Any]], Iterator[pa.Array]]:
    """The function of an Arrow iterator UDF."""
    from typing import Tuple  # noqa: UP035 - Spark compares it with what it knows

    import pyarrow as pa

    def score(batches: Iterator[Any]) -> Iterator[pa.Array]:
        scoring = Scoring(model_of(task.archive, task.source), task)
        for columns in batches:
            yield scoring(columns)

    score.__annotations__ = {"batches": Iterator[Tuple[pa.Array, ...]], "return": Iterator[pa.Array]}  # noqa: UP006 - likewise
    return score


class Scoring:
    """One job's way from the arguments of a function to its results."""

    def __init__(self, model: PyFuncModel, task: Task) -> None:
        """Arrange everything that does not depend on the rows."""
        from modelpack.data.plan import InputPlan
        from modelpack.schema.signature import AnyType, Map, Object
        from modelpack_flavor_spark.udf.rules import arrow_type

        self._model = model
        self._task = task
        self._plan = InputPlan(model.signature, arrays=model.takes_arrays)
        self._empty = arrow_type(task.result_type)
        self._takes_one_struct = isinstance(self._plan.single, (AnyType, Map, Object))

    def __call__(self, columns: Any) -> pa.Array:
        """Score one batch: an array for the only argument, or a tuple of arrays."""
        import pyarrow as pa

        from modelpack.data.arrow_tables import data_from_arrow
        from modelpack_flavor_spark.udf.results import as_result

        table = self._table(columns if isinstance(columns, tuple) else (columns,))
        if table.num_rows == 0:
            return pa.array([], self._empty)
        answer = self._model.predict(data_from_arrow(table, self._plan), self._task.params)
        return as_result(answer, self._task.result_type, table.num_rows, self._task.outputs)

    def _table(self, columns: tuple[pa.Array, ...]) -> pa.Table:
        """The arguments by their names; those of a struct that is the only argument are its fields'."""
        import pyarrow as pa

        names = self._task.names[: len(columns)] or tuple(map(str, range(len(columns))))
        if len(columns) == 1 and pa.types.is_struct(columns[0].type) and not self._takes_one_struct:
            names = tuple(field.name for field in columns[0].type)
            columns = tuple(columns[0].flatten())
        return pa.Table.from_arrays(list(columns), names=list(names))

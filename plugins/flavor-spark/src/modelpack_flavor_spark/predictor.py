"""The generic Python view of a pipeline: a frame in, its predictions out, in the order of the rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelpack.errors import ModelFailureError, SchemaError
from modelpack.schema.signature import SparkMLVector
from modelpack_flavor_spark.columns import arrow_table, column_types
from modelpack_flavor_spark.stages import output_columns, vector_inputs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pandas as pd
    import pyarrow as pa

    from modelpack.schema.signature import ModelSignature

ROW = "__modelpack_row__"
"""A column with the number of each row, by which predictions are put in order."""


class SparkPredictor:
    """Scores frames with a pipeline, as a job on the session; convenient, and not quick (S94).

    The answer is a Series with the column `prediction` of the last stage that has one. When the signature names output
    columns, it is those: one as a Series, several as a DataFrame.
    """

    def __init__(self, pipeline: Any, session: Any, signature: ModelSignature | None) -> None:
        """Predict with a pipeline on a session."""
        self._pipeline = pipeline
        self._session = session
        self._signature = signature
        self._vectors = vector_inputs(pipeline)
        self._outputs = list(column_types(None if signature is None else signature.outputs))

    def predict(self, data: Any, params: Mapping[str, Any] | None = None) -> Any:  # noqa: ARG002 - pipelines take none
        """Score one batch."""
        if not hasattr(data, "columns"):
            raise SchemaError(
                f"a Spark pipeline takes columns by name, not a {type(data).__name__}",
                hint="give a DataFrame, or save the model with a signature of columns",
            )
        import pandas as pd
        import pyarrow as pa

        table = arrow_table(data, self._signature).append_column(ROW, pa.array(range(len(data)), pa.int64()))
        frame = _in_order(self._transformed(table), len(data)).set_axis(data.index)
        return frame if len(frame.columns) > 1 else pd.Series(frame.iloc[:, 0])

    def _transformed(self, table: pa.Table) -> pa.Table:
        from pyspark.ml.functions import vector_to_array
        from pyspark.sql.functions import col

        result = self._pipeline.transform(self._as_spark(table))
        kinds = {field.name: field.dataType.typeName() for field in result.schema}
        names = self._named_outputs(kinds) or output_columns(self._pipeline, list(kinds))
        chosen = [
            vector_to_array(col(_quoted(name))).alias(name) if kinds[name] == "vectorudt" else col(_quoted(name))
            for name in (*([ROW] if ROW in kinds else ()), *names)
        ]
        return result.select(*chosen).toArrow()

    def _as_spark(self, table: pa.Table) -> Any:
        """The table as a Spark DataFrame, lists of numbers as vectors where the pipeline takes such."""
        import pyarrow as pa
        from pyspark.ml.functions import array_to_vector
        from pyspark.sql.functions import col

        frame = self._session.createDataFrame(table)
        types = column_types(None if self._signature is None else self._signature.inputs)
        for field in table.schema:
            wanted = isinstance(types.get(field.name), SparkMLVector) or field.name in self._vectors
            if wanted and (pa.types.is_list(field.type) or pa.types.is_large_list(field.type)):
                vector = array_to_vector(col(_quoted(field.name)).cast("array<double>"))
                frame = frame.withColumn(field.name, vector)
        return frame

    def _named_outputs(self, columns: Iterable[str]) -> list[str]:
        """The signature's output columns, when the pipeline makes them all."""
        return self._outputs if set(self._outputs) <= set(columns) else []


def _in_order(answer: pa.Table, rows: int) -> pd.DataFrame:
    """The predictions as a frame, a row for each row that came."""
    from modelpack.data.arrow_tables import data_from_arrow
    from modelpack.data.plan import InputPlan

    if answer.num_rows != rows:
        raise ModelFailureError(
            f"the pipeline answered {answer.num_rows} rows for {rows}",
            hint="a stage drops or repeats rows: see its handleInvalid, or ALS's coldStartStrategy",
        )
    if ROW in answer.column_names:
        answer = answer.sort_by(ROW).drop_columns([ROW])
    frame: pd.DataFrame = data_from_arrow(answer, InputPlan(None))
    return frame


def _quoted(name: str) -> str:
    return f"`{name.replace('`', '``')}`"

"""Comparing the columns of files with a signature, before a job starts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelpack.batch.chunks import name_clash
from modelpack.data.arrow_tables import frame_from_arrow
from modelpack.data.libraries import require
from modelpack.errors import SchemaError
from modelpack.pyfunc.enforcement import Enforcer
from modelpack.pyfunc.mismatch import listed, type_name
from modelpack.schema.signature import ColumnSchema, DataType, ModelSignature

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from modelpack.batch.records import BatchRequest
    from modelpack.schema.signature import Column


class ColumnCheck:
    """Compares one place after another with what a job needs of it."""

    def __init__(self, request: BatchRequest[Any], signature: ModelSignature | None, names: Sequence[str]) -> None:
        """Prepare for a job.

        Args:
            request: What the caller wants.
            signature: The model's signature.
            names: The prediction columns' names as far as they are known.

        Raises:
            InvalidArgumentError: A column to keep has the name of a prediction column.
        """
        self.signature = signature
        self._request = request
        self._names = names
        inputs = signature.inputs if signature is not None else None
        self._columns = inputs.columns if isinstance(inputs, ColumnSchema) else ()
        self._enforcer = Enforcer(ModelSignature(inputs=inputs) if self._columns else None, request.model.policy)
        self._kept_types: dict[str, tuple[str, Any]] = {}
        taken = [name for name in request.keep if name in names]
        if taken:
            raise name_clash(taken)

    def __call__(self, place: str, schema: Any) -> tuple[str, ...]:
        """See `BatchContext.check_columns`."""
        problems = list(self.schema_problems(place, schema))
        if problems:
            raise SchemaError(f"{place}: {'; '.join(problems)}")
        return self.kept(schema.names)

    def kept(self, found: Sequence[str]) -> tuple[str, ...]:
        """The columns of a place that go to the output: those to keep, and those to partition by."""
        request = self._request
        keep = tuple(found) if request.keep_all else request.keep
        return (*keep, *(name for name in request.partition_by if name in found and name not in keep))

    def needed(self, found: Sequence[str]) -> tuple[str, ...] | None:
        """The columns of a place that have to be read; None where the signature does not name those that it takes."""
        named = {str(column.name) for column in self._columns if column.name is not None}
        wanted = named.union(self.kept(found))
        return tuple(name for name in found if name in wanted) if named else None

    def schema_problems(self, place: str, schema: Any) -> Iterator[str]:
        """What is wrong with an Arrow schema."""
        yield from self._name_problems(schema.names)
        yield from self._column_problems(frame_from_arrow(schema.empty_table(), schema.names))
        for column in self._columns:
            if isinstance(column.name, str) and schema.names.count(column.name) == 1:
                yield from self._type_problems(column, schema.field(column.name).type)
        for name in self.kept(schema.names):
            if name in schema.names:
                yield from self._kept_problems(place, name, schema.field(name).type)

    def frame_problems(self, frame: Any) -> Iterator[str]:
        """What is wrong with the first rows of a text."""
        yield from self._name_problems(list(frame.columns))
        yield from self._column_problems(frame)

    def _name_problems(self, found: Sequence[str]) -> Iterator[str]:
        wanted = dict.fromkeys((*self._request.keep, *self._request.partition_by))
        missing = [name for name in wanted if name not in found and name not in self._names]
        if missing:
            yield f"missing columns to keep or to partition by: {listed(missing)}"
        taken = [name for name in self.kept(found) if name in self._names]
        if taken:
            yield name_clash(taken).message

    def _column_problems(self, frame: Any) -> Iterator[str]:
        known = {str(column.name) for column in self._columns}
        beside = [name for name in self.kept(list(frame.columns)) if name not in known and name in frame.columns]
        if self._columns and self._columns[0].name is not None:
            frame = frame.drop(columns=beside)
        try:
            self._enforcer.inputs(frame)
        except SchemaError as error:
            yield error.message if error.hint is None else f"{error.message} ({error.hint})"

    def _type_problems(self, column: Column, kind: Any) -> Iterator[str]:
        """Whether the type's mildest value is refused: one that could be of any type which the policy allows."""
        value = _mildest(kind, column.type)
        if value is None:
            return
        table = require("pyarrow", "arrow").table({column.name: [value]})
        alone = Enforcer(ModelSignature(inputs=ColumnSchema((column,))), self._request.model.policy)
        try:
            alone.inputs(table)
        except SchemaError:
            yield f"column {column.name!r} should be {type_name(column.type)}, but it is {kind}"

    def _kept_problems(self, place: str, name: str, kind: Any) -> Iterator[str]:
        first_place, first = self._kept_types.setdefault(name, (place, kind))
        if kind != first:
            yield f"column {name!r}, which is kept, is {kind}; in {first_place} it is {first}"


def _mildest(kind: Any, wanted: Any) -> Any:
    """A value of an Arrow type, of many types at once where it can be; None for types that are not judged by one."""
    pa = require("pyarrow", "arrow")
    types = pa.types
    if types.is_string(kind) or types.is_large_string(kind):
        return pa.scalar("2024-01-01" if wanted is DataType.DATETIME else "0", kind)
    if types.is_integer(kind) or types.is_floating(kind) or types.is_timestamp(kind):
        return pa.scalar(0, pa.int64()).cast(kind)
    if types.is_boolean(kind):
        return pa.scalar(value=False)
    return None

"""A bundle in memory: what a load gives, and what scores."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelpack.errors import InvalidArgumentError, SchemaError
from modelpack_flavor_mleap import reading, schema, writing
from modelpack_flavor_mleap.columns import Columns
from modelpack_flavor_mleap.files import Directory, Files
from modelpack_flavor_mleap.sparse import dense

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from modelpack_flavor_mleap.node import Node
    from modelpack_flavor_mleap.schema import Schema

PREDICTION = "prediction"
TEXT_OPERATORS = frozenset({"string_indexer", "string_map", "tokenizer", "regex_tokenizer"})


class Bundle:
    """A pipeline of MLeap's operators, run in NumPy. Several threads may use one.

    Attributes:
        root: The steps, as they stand in the bundle.
        inputs: The columns that its steps need.
        columns: The columns that an array has: those of the schema, or the needed ones in the order of their first use.
        outputs: The columns that its steps write.

    Example:
        ```python
        bundle = modelpack_flavor_mleap.read_bundle("bundle.zip")
        bundle.predict(frame)
        bundle.predict(frame, ["prediction", "probability"])
        ```
    """

    def __init__(self, root: Node, given: Schema | None = None) -> None:
        """Prepare each step once.

        Args:
            root: The steps.
            given: The columns that the bundle takes, where somebody has written them down.

        Raises:
            InvalidModelError: An operator is not known, or its attributes cannot be used.
        """
        from modelpack_flavor_mleap.operators.registry import step

        nodes = list(root.steps())
        self.root = root
        self._schema = given
        self.outputs = list(dict.fromkeys(name for node in nodes for name in node.outputs.values()))
        self.inputs = _inputs(nodes)
        self.columns = list(dict.fromkeys([*(given.names if given else ()), *self.inputs]))
        self._steps = [step(node) for node in nodes]
        self._prediction = _prediction(nodes)

    @classmethod
    def read(cls, path: Path, schema_path: Path | None = None) -> Bundle:
        """Read a bundle, and the schema beside it where there is one.

        Raises:
            InvalidModelError: It is damaged; the message names the file.
        """
        given = None
        if schema_path is not None:
            given = schema.read(Files(Directory(schema_path.parent)), schema_path.name)
        return cls(reading.read(path), given)

    def write(self, directory: Path) -> None:
        """Write the bundle as a directory, which is made."""
        writing.write(self.root, directory)

    def input_schema(self) -> Schema:
        """The columns that it takes, with the types that were given, or that follow from what they are used for."""
        known = {} if self._schema is None else {field.name: field for field in self._schema.fields}
        texts = {name for node in self.root.steps() if node.op in TEXT_OPERATORS for name in node.inputs.values()}
        guessed = (schema.Field(name, "string" if name in texts else "double") for name in self.columns)
        return schema.Schema(tuple(known.get(field.name, field) for field in guessed))

    @property
    def default_columns(self) -> list[str]:
        """What `predict` answers by default: the column `prediction`, or what the last model writes in its place."""
        return self._prediction

    def transform(self, frame: Any) -> Any:
        """The frame with the columns of every step, as Spark's `transform` answers.

        Args:
            frame: A DataFrame; left unchanged.

        Returns:
            A DataFrame; vectors and lists of words are objects in it. Rows that a step skips are not there.

        Raises:
            SchemaError: A column is missing, or holds what a step does not take.
        """
        columns = self.run(Columns.of_frame(frame, self.inputs))
        kept = frame if columns.places is None else frame.iloc[columns.places]
        made = {name: _objects(columns[name]) for name in self.outputs if name in columns}
        return kept.assign(**made)

    def predict(self, data: Any, columns: Sequence[str] | None = None, names: Sequence[str] | None = None) -> Any:
        """Score rows, with one answer for each: NaN, or None, for a row that a step skips.

        Args:
            data: A DataFrame, a two-dimensional array, or a dict of arrays.
            columns: The columns to answer.
            names: The names of an array's columns; by default those that the bundle takes.

        Returns:
            One column as an array, of two dimensions when it holds vectors. Several as a DataFrame, in which the
            elements of a vector are columns such as `probability_0`.

        Raises:
            SchemaError: A column is missing, or holds what a step does not take.
        """
        wanted = list(columns or self._prediction)
        self.check_columns(wanted)
        table = self._table(data, names)
        rows = table.rows
        self.run(table)
        found = {name: _whole(table, dense(table[name]), rows) for name in wanted}
        if len(found) == 1:
            return found[wanted[0]]
        return _frame(found, getattr(data, "index", None))

    def check_columns(self, wanted: Sequence[str]) -> None:
        """Refuse columns that no step writes.

        Raises:
            InvalidArgumentError: There is no such column.
        """
        for name in wanted:
            if name not in self.outputs:
                raise InvalidArgumentError(
                    f"the bundle has no column {name!r}", hint=f"it has: {', '.join(self.outputs)}"
                )

    def run(self, columns: Columns) -> Columns:
        """Run every step on a table, which is changed."""
        for step in self._steps:
            step(columns)
        return columns

    def _table(self, data: Any, names: Sequence[str] | None) -> Columns:
        if hasattr(data, "columns"):
            return Columns.of_frame(data, self.inputs)
        if isinstance(data, dict):
            return Columns(len(next(iter(data.values()), ())), data)
        if names is None and self._schema is None and len(self.columns) > 1:
            raise SchemaError(
                f"the bundle does not say in which order an array has the columns {', '.join(self.columns)}",
                hint="give a DataFrame",
            )
        names = names or self.columns
        if getattr(data, "ndim", 0) != 2 or data.shape[1] != len(names):  # noqa: PLR2004 - a table
            shape = getattr(data, "shape", None)
            raise SchemaError(f"the model takes a table of {len(names)} columns, not one of shape {shape}")
        return Columns.of_array(data, names)


def _inputs(nodes: Sequence[Node]) -> list[str]:
    """The columns that no earlier step writes."""
    made: set[str] = set()
    needed: dict[str, None] = {}
    for node in nodes:
        needed |= dict.fromkeys(name for name in node.inputs.values() if name not in made)
        made |= set(node.outputs.values())
    return list(needed)


def _prediction(nodes: Sequence[Node]) -> list[str]:
    written = {name for node in nodes for name in node.outputs.values()}
    if PREDICTION in written:
        return [PREDICTION]
    models = [node.outputs[PREDICTION] for node in nodes if PREDICTION in node.outputs]
    return models[-1:] or (list(nodes[-1].outputs.values()) if nodes else [])


def _whole(table: Columns, values: Any, rows: int) -> Any:
    """A column with an element for each row that came in."""
    import numpy as np

    if table.places is None:
        return values
    if values.dtype == object:
        whole = np.full((rows, *values.shape[1:]), None, dtype=object)
    else:
        whole = np.full((rows, *values.shape[1:]), np.nan)
    whole[table.places] = values
    return whole


def _frame(found: dict[str, Any], index: Any) -> Any:
    import pandas as pd

    named: dict[str, Any] = {}
    for name, values in found.items():
        if values.ndim == 1:
            named[name] = values
        else:
            named |= {f"{name}_{place}": values[:, place] for place in range(values.shape[1])}
    return pd.DataFrame(named, index=index)


def _objects(values: Any) -> Any:
    values = dense(values)
    return values if values.ndim == 1 else list(values)

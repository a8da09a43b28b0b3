"""One example in each of the forms and formats that a request may have."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import orjson

from modelpack.schema.signature import Array, ColumnSchema, DataType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelpack.schema.signature import Column, ModelSignature
    from modelpack.serving.example import Example

JSON_FORMS = {
    "dataframe_split": "pandas' split form, wrapped",
    "dataframe_records": "pandas' records form, wrapped",
    "instances": "row by row",
    "inputs": "by column, or tensors",
    "split": "pandas' split form",
    "records": "pandas' records form",
}
"""What each form is."""

_ROWS = 2


def example_forms(example: Example | None, signature: ModelSignature | None) -> dict[str, Any]:
    """The bodies by form: those of JSON by the names of `JSON_FORMS`, and `csv` and `json_lines`."""
    if example is None:
        return {}
    inputs = signature.inputs if signature is not None else None
    if not isinstance(inputs, ColumnSchema):
        return {_form(example.body): example.body}
    table = example.body["dataframe_split"]
    names, rows = table["columns"], table["data"][:_ROWS]
    rest = {key: value for key, value in example.body.items() if key == "params"}
    split = {"columns": names, "data": rows}
    text = _csv(split, inputs.columns)
    forms: dict[str, Any] = {"dataframe_split": {"dataframe_split": split, **rest}, "split": split, "csv": text}
    if None not in inputs.names:
        records = [dict(zip(names, row, strict=True)) for row in rows]
        columns = {name: list(values) for name, values in zip(names, zip(*rows, strict=True), strict=True)}
        forms |= {"dataframe_records": {"dataframe_records": records, **rest}, "records": records}
        forms["json_lines"] = "".join(f"{orjson.dumps(record).decode()}\n" for record in records)
        forms["inputs"] = {"inputs": columns, **rest}
    only_list = len(names) == 1 and isinstance(inputs.columns[0].type, Array)
    forms["instances"] = {"instances": [row[0] for row in rows] if only_list else rows, **rest}
    return forms


def _csv(split: dict[str, Any], columns: Sequence[Column]) -> str:
    """The table as CSV, with JSON texts for lists, objects and whatever may be one."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(split["columns"])
    for row in split["data"]:
        writer.writerow([_field(value, column) for value, column in zip(row, columns, strict=True)])
    return stream.getvalue()


def _form(body: dict[str, Any]) -> str:
    return next((key for key in body if key != "params"), "inputs")


def _field(value: Any, column: Column) -> Any:
    if value is None or (isinstance(value, str) and isinstance(column.type, DataType)):
        return value
    return orjson.dumps(value).decode()

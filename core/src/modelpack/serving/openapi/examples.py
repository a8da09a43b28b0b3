"""One example in each of the forms and formats that a request may have."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import orjson

from modelpack.schema.signature import ColumnSchema

if TYPE_CHECKING:
    from modelpack.schema.signature import ModelSignature
    from modelpack.serving.example import Example

_ROWS = 2


def example_forms(example: Example | None, signature: ModelSignature | None) -> dict[str, Any]:
    """The bodies by form: `dataframe_split`, `dataframe_records`, `inputs`, `instances`, `split` and `records`."""
    if example is None:
        return {}
    inputs = signature.inputs if signature is not None else None
    if not isinstance(inputs, ColumnSchema):
        return {_form(example.body): example.body}
    table = example.body["dataframe_split"]
    names, rows = table["columns"], table["data"][:_ROWS]
    rest = {key: value for key, value in example.body.items() if key == "params"}
    split = {"columns": names, "data": rows}
    forms: dict[str, Any] = {"dataframe_split": {"dataframe_split": split, **rest}, "split": split}
    if None not in inputs.names:
        records = [dict(zip(names, row, strict=True)) for row in rows]
        columns = {name: list(values) for name, values in zip(names, zip(*rows, strict=True), strict=True)}
        forms |= {"dataframe_records": {"dataframe_records": records, **rest}, "records": records}
        forms["inputs"] = {"inputs": columns, **rest}
    forms["instances"] = {"instances": rows, **rest}
    return forms


def csv_example(split: dict[str, Any]) -> str:
    """The table as CSV, with JSON texts for lists and objects."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(split["columns"])
    writer.writerows([_field(value) for value in row] for row in split["data"])
    return stream.getvalue()


def json_lines_example(records: list[dict[str, Any]]) -> str:
    """The records, one in each line."""
    return "".join(f"{orjson.dumps(record).decode()}\n" for record in records)


def _form(body: dict[str, Any]) -> str:
    return next((key for key in body if key != "params"), "inputs")


def _field(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return repr(value)
    return orjson.dumps(value).decode() if isinstance(value, (list, dict)) else value

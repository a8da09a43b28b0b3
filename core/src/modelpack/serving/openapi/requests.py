"""What `POST /invocations` takes, by the input half of a signature."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelpack.schema.signature import Array, ColumnSchema
from modelpack.serving.openapi.types import column_schema, names_of, params_schema, tensor_schema

if TYPE_CHECKING:
    from modelpack.schema.signature import ModelSignature, Tensor, TensorSchema
    from modelpack.serving.openapi.types import JsonSchema

_ORDER = "One value for each column, in the order of the signature."
_LABELS: JsonSchema = {
    "type": "array",
    "items": {"type": ["string", "number"]},
    "description": "labels of the rows, which the model may see as the index",
}


def request_schemas(signature: ModelSignature | None) -> dict[str, JsonSchema]:
    """The components that describe requests; `Request` is any body in `application/json`."""
    inputs = signature.inputs if signature is not None else None
    if isinstance(inputs, ColumnSchema):
        forms, parts = _column_forms(inputs)
    elif inputs is not None and inputs.tensors:
        forms, parts = _tensor_forms(inputs)
    else:
        forms, parts = _free_forms()
    wrapped = [_wrapped(name, schema) for name, schema in forms.items()]
    bare = [_ref(name) for name in ("Split", "Records") if name in parts]
    params = params_schema(signature.params if signature is not None else None)
    return {**parts, "Params": params, "Request": {"anyOf": [*wrapped, *bare]}}


def _wrapped(name: str, schema: JsonSchema) -> JsonSchema:
    return {
        "type": "object",
        "title": name,
        "properties": {name: schema, "params": _ref("Params")},
        "required": [name],
        "additionalProperties": False,
    }


def _ref(name: str) -> JsonSchema:
    return {"$ref": f"#/components/schemas/{name}"}


def _rows(items: JsonSchema) -> JsonSchema:
    return {"type": "array", "items": items, "minItems": 1}


def _column_forms(inputs: ColumnSchema) -> tuple[dict[str, JsonSchema], dict[str, JsonSchema]]:
    cells = [column_schema(column) for column in inputs.columns]
    names = names_of(inputs)
    parts = {"RowValues": _row_values(cells), "Split": _split(inputs, names)}
    forms = {"dataframe_split": _ref("Split")}
    instances = [_ref("RowValues")]
    if None not in inputs.names:
        parts |= {"Row": _row(inputs, names, cells), "Records": _rows(_ref("Row"))}
        forms["dataframe_records"] = _ref("Records")
        instances.append(_ref("Row"))
        forms["inputs"] = _by_column(inputs, names, cells)
    if len(cells) == 1:
        instances = [cells[0]] if isinstance(inputs.columns[0].type, Array) else [cells[0], *instances]
    forms["instances"] = _rows({"anyOf": instances} if len(instances) > 1 else instances[0])
    return forms, parts


def _row_values(cells: list[JsonSchema]) -> JsonSchema:
    extent = {"minItems": len(cells), "maxItems": len(cells)}
    distinct = [cell for position, cell in enumerate(cells) if cell not in cells[:position]]
    items = {"items": distinct[0]} if len(distinct) == 1 else {"prefixItems": cells}
    return {"type": "array", "description": _ORDER, **items, **extent}


def _row(inputs: ColumnSchema, names: list[str], cells: list[JsonSchema]) -> JsonSchema:
    required = [name for name, column in zip(names, inputs.columns, strict=True) if column.required]
    schema = {"type": "object", "properties": dict(zip(names, cells, strict=True))}
    return {**schema, "required": required} if required else schema


def _split(inputs: ColumnSchema, names: list[str]) -> JsonSchema:
    text: JsonSchema = {"type": "array", "items": {"type": ["string", "integer"]}}
    columns = {**text, "minItems": len(names), "maxItems": len(names)}
    if None not in inputs.names:
        columns = {"type": "array", "items": {"type": "string"}, "const": names}
    return {
        "type": "object",
        "description": "pandas' split form. The columns may come in another order and with others between them, "
        "and those that are optional may be left out; the rows then follow `columns`.",
        "properties": {"columns": columns, "index": _LABELS, "data": _rows(_ref("RowValues"))},
        "required": ["columns", "data"],
        "additionalProperties": False,
    }


def _by_column(inputs: ColumnSchema, names: list[str], cells: list[JsonSchema]) -> JsonSchema:
    lists = {name: _rows(cell) for name, cell in zip(names, cells, strict=True)}
    required = [name for name, column in zip(names, inputs.columns, strict=True) if column.required]
    return {
        "type": "object",
        "description": "One list for each column, all of one length.",
        "properties": lists,
        **({"required": required} if required else {}),
    }


def _tensor_forms(inputs: TensorSchema) -> tuple[dict[str, JsonSchema], dict[str, JsonSchema]]:
    schemas = {name: tensor_schema(each, least=1) for name, each in zip(names_of(inputs), inputs.tensors, strict=True)}
    required = [name for name, each in zip(names_of(inputs), inputs.tensors, strict=True) if each.required]
    forms = {"inputs": _tensors(inputs, schemas, required)}
    if all(each.shape[:1] == (-1,) for each in inputs.tensors):
        rows = {name: schema["items"] for name, schema in schemas.items()}
        forms["instances"] = _rows(_tensors(inputs, rows, required))
    return forms, {}


def _tensors(inputs: TensorSchema, schemas: dict[str, Any], required: list[str]) -> JsonSchema:
    if _is_single(inputs.tensors):
        only: JsonSchema = next(iter(schemas.values()))
        return only
    return {"type": "object", "properties": schemas, **({"required": required} if required else {})}


def _is_single(tensors: tuple[Tensor, ...]) -> bool:
    return len(tensors) == 1 and tensors[0].name is None


def _free_forms() -> tuple[dict[str, JsonSchema], dict[str, JsonSchema]]:
    values: JsonSchema = {"type": "array"}
    split = {
        "type": "object",
        "properties": {
            "columns": {"type": "array", "items": {"type": ["string", "integer"]}, "uniqueItems": True},
            "index": _LABELS,
            "data": _rows(values),
        },
        "required": ["data"],
        "additionalProperties": False,
    }
    parts = {"Split": split, "Records": _rows({"type": "object"})}
    forms: dict[str, JsonSchema] = {
        "dataframe_split": _ref("Split"),
        "dataframe_records": _ref("Records"),
        "instances": _rows({}),
        "inputs": {},
    }
    return forms, parts

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelpack.errors import InvalidArgumentError, InvalidModelError
from modelpack.schema.signature import (
    AnyType,
    Array,
    Column,
    ColumnSchema,
    ColumnType,
    DataType,
    Map,
    ModelSignature,
    Object,
    Param,
    Property,
    SparkMLVector,
    Tensor,
    TensorSchema,
)
from modelpack.schema.signature_json import signature_from_mapping, signature_to_mapping

# Written by MLflow 3.17.2's ModelSignature.to_dict() for the signatures of the same names in SIGNATURES.
MLFLOW: dict[str, dict[str, str | None]] = json.loads(
    Path(__file__).with_name("mlflow_signatures.json").read_text(encoding="utf-8")
)

SIGNATURES = {
    "columns": ModelSignature(
        inputs=ColumnSchema(tuple(Column(kind, kind.value, required=kind is not DataType.LONG) for kind in DataType))
    ),
    "unnamed": ModelSignature(outputs=ColumnSchema((Column(DataType.DOUBLE),))),
    "intnames": ModelSignature(inputs=ColumnSchema((Column(DataType.DOUBLE, 0), Column(DataType.STRING, 1)))),
    "unicode": ModelSignature(inputs=ColumnSchema((Column(DataType.DOUBLE, 'größe "x" \U0001f600'),))),
    "nested": ModelSignature(
        inputs=ColumnSchema(
            (
                Column(
                    Array(
                        Object(
                            (
                                Property("content", Array(DataType.STRING), required=False),
                                Property("role", DataType.STRING),
                            )
                        )
                    ),
                    "messages",
                ),
                Column(Map(Array(DataType.LONG)), "m", required=False),
                Column(AnyType(), "a"),
                Column(SparkMLVector(), "v"),
                Column(Object((Property("b", AnyType(), required=False), Property("z", Map(DataType.DOUBLE)))), "o"),
            )
        )
    ),
    "tensor": ModelSignature(
        inputs=TensorSchema((Tensor("float32", (-1, 28, 28)),)),
        outputs=TensorSchema(
            (Tensor("str", (-1,), "label"), Tensor("object", (), "any"), Tensor("datetime64[ns]", (-1,), "t"))
        ),
    ),
    "params": ModelSignature(
        params=(
            Param("b", DataType.BOOLEAN, default=True),
            Param("i", DataType.INTEGER, 1),
            Param("l", DataType.LONG, 2),
            Param("f", DataType.FLOAT, 0.5),
            Param("d", DataType.DOUBLE, 1e-7),
            Param("s", DataType.STRING, "x"),
            Param("n", DataType.STRING),
            Param("t", DataType.DATETIME, dt.datetime(2024, 5, 1, 12, 30)),  # noqa: DTZ001 - MLflow's have no zone
            Param("ls", DataType.STRING, ["a", "b"], (-1,)),
            Param("ts", DataType.DATETIME, [dt.datetime(2024, 5, 1)], (-1,)),  # noqa: DTZ001 - as above
            Param(
                "o", Object((Property("a", DataType.STRING, required=False), Property("k", DataType.LONG))), {"k": 1}
            ),
        )
    ),
}

scalar_types: st.SearchStrategy[ColumnType] = st.sampled_from([*DataType, AnyType(), SparkMLVector()])


def _objects(inner: st.SearchStrategy[ColumnType]) -> st.SearchStrategy[ColumnType]:
    properties = st.dictionaries(st.text(max_size=5), st.tuples(inner, st.booleans()), min_size=1, max_size=3)
    return properties.map(lambda items: Object(tuple(Property(name, *items[name]) for name in sorted(items))))


types = st.recursive(scalar_types, lambda inner: inner.map(Array) | inner.map(Map) | _objects(inner), max_leaves=8)


@pytest.mark.parametrize("name", MLFLOW)
def test_signatures_are_written_as_mlflow_writes_them(name: str) -> None:
    """Character for character, so that equal signatures have equal files."""
    assert signature_to_mapping(SIGNATURES[name]) == MLFLOW[name]


@pytest.mark.parametrize("name", MLFLOW)
def test_signatures_that_mlflow_wrote_are_read(name: str) -> None:
    """As JSON text, and as lists that were parsed already."""
    parsed = {part: None if text is None else json.loads(text) for part, text in MLFLOW[name].items()}
    assert signature_from_mapping(MLFLOW[name]) == signature_from_mapping(parsed) == SIGNATURES[name]


@given(st.dictionaries(st.text(max_size=5), st.tuples(types, st.booleans()), min_size=1, max_size=4))
def test_any_signature_comes_back(columns: dict[str, tuple[ColumnType, bool]]) -> None:
    """Every signature that can be held is written and read back equal."""
    schema = ColumnSchema(tuple(Column(kind, name, required) for name, (kind, required) in columns.items()))
    signature = ModelSignature(inputs=schema, outputs=schema)
    assert signature_from_mapping(signature_to_mapping(signature)) == signature


@pytest.mark.parametrize(
    ("entry", "column"),
    [
        ({"name": "x", "type": "double"}, Column(DataType.DOUBLE, "x")),
        ({"type": "double", "name": "x", "optional": True}, Column(DataType.DOUBLE, "x", required=False)),
        ({"type": "double", "name": "x", "optional": False}, Column(DataType.DOUBLE, "x")),
        ({"type": "double", "name": "x", "required": None}, Column(DataType.DOUBLE, "x")),
        ({"name": None, "type": "double"}, Column(DataType.DOUBLE)),
        ({"name": 3, "type": "double"}, Column(DataType.DOUBLE, 3)),
        ({"type": "array", "items": "string", "name": "x"}, Column(Array(DataType.STRING), "x")),
        ({"type": "map", "values": {"type": "any"}, "name": "x"}, Column(Map(AnyType()), "x")),
        (
            {
                "type": "object",
                "properties": {"b": {"type": "long"}, "a": {"type": "sparkml_vector", "required": False}},
            },
            Column(Object((Property("a", SparkMLVector(), required=False), Property("b", DataType.LONG)))),
        ),
        ({"type": "double", "name": "x", "description": "new"}, Column(DataType.DOUBLE, "x")),
    ],
)
def test_columns_of_older_releases_are_read(entry: dict[str, Any], column: Column) -> None:
    """Every way to write a column that was ever released means the same column."""
    assert signature_from_mapping({"inputs": json.dumps([entry])}).inputs == ColumnSchema((column,))


def test_params_with_dtype_are_read() -> None:
    """MLflow 2.5 and 2.6 wrote `dtype` in place of `type`."""
    text = '[{"name": "n", "dtype": "long", "default": 1024, "shape": null}]'
    assert signature_from_mapping({"params": text}).params == (Param("n", DataType.LONG, 1024),)


def test_a_default_that_is_no_number_is_kept() -> None:
    """MLflow writes NaN and infinities as Python does, and reads them back."""
    text = '[{"name": "n", "default": Infinity, "shape": null, "type": "double"}]'
    signature = signature_from_mapping({"params": text})
    assert signature.params == (Param("n", DataType.DOUBLE, float("inf")),)
    assert signature_to_mapping(signature)["params"] == text


@pytest.mark.parametrize("mapping", [{}, {"inputs": None}, {"inputs": "", "outputs": "null"}, {"inputs": " "}])
def test_what_is_not_there_is_none(mapping: dict[str, Any]) -> None:
    """Absent, null and empty mean that the part is unknown."""
    assert signature_from_mapping(mapping) == ModelSignature()


def test_a_signature_of_many_columns_is_read() -> None:
    """Tens of thousands of columns are real, as in gene expression."""
    schema = ColumnSchema(tuple(Column(DataType.DOUBLE, f"gene{index}") for index in range(30_000)))
    assert signature_from_mapping(signature_to_mapping(ModelSignature(inputs=schema))).inputs == schema


@pytest.mark.parametrize(
    ("inputs", "reason"),
    [
        ('[{"type": "double"', "signature inputs: the JSON is broken at character 18"),
        ("[" * 100_000, "signature inputs: the JSON cannot be read"),
        ('{"type": "double"}', "signature inputs: a list was expected"),
        (3, "a list was expected, this is 3"),
        ("[]", "neither columns nor tensors"),
        ('["double"]', "signature inputs: column 0: a mapping was expected"),
        ('[{"name": "x"}]', "column 'x': it has no `type`"),
        ('[{"name": "x", "type": "doubel"}]', "column 'x': the type 'doubel' is not known.*\n.*did you mean double?"),
        ('[{"name": "x", "type": ["double"]}]', "is not known"),
        ('[{"name": "x", "type": "array"}]', "column 'x': the type has no `items`"),
        ('[{"name": "x", "type": "array", "items": {"type": "x"}}]', "column 'x', items: the type 'x'"),
        ('[{"name": "x", "type": "map"}]', "no `values`"),
        ('[{"name": "x", "type": "object", "properties": [1]}]', "`properties` is a mapping"),
        ('[{"name": "x", "type": "object", "properties": {"a": {}}}]', "column 'x', property 'a': it has no `type`"),
        ('[{"name": "x", "type": "object", "properties": {"a": {"type": "any", "required": 1}}}]', "true or false"),
        ('[{"name": "x", "type": "double", "required": "yes"}]', "`required` and `optional` are true or false"),
        ('[{"name": "x", "type": "double", "optional": 1}]', "`required` and `optional` are true or false"),
        ('[{"name": 1.5, "type": "double"}]', "column 1.5: a name is text or a whole number"),
        ('[{"name": true, "type": "double"}]', "a name is text"),
        ('[{"name": "x", "type": "double"}, {"name": "x", "type": "double"}]', "the name 'x' stands twice"),
        ('[{"name": "x", "type": "double"}, {"type": "double"}]', "some have a name and some have none"),
        ('[{"type": "double"}, {"type": "tensor", "tensor-spec": {"dtype": "x", "shape": []}}]', "in one list"),
        ('[{"type": "tensor"}]', "tensor 0: `tensor-spec` with `dtype` and `shape` is missing"),
        ('[{"type": "tensor", "tensor-spec": {"dtype": "x", "shape": [1.5]}}]', "the shape is a list"),
        ('[{"type": "tensor", "tensor-spec": {"dtype": "x", "shape": null}}]', "the shape is a list"),
        (
            json.dumps([{"type": "array", "items": "x"}]).replace(
                '"x"', '{"type": "array", "items": ' * 80 + "1" + "}" * 80
            ),
            "nested",
        ),
    ],
    ids=lambda value: str(value)[:50],
)
def test_broken_inputs_are_named(inputs: Any, reason: str) -> None:
    """A signature that cannot be read is an error that says which part of it (P6)."""
    with pytest.raises(InvalidModelError, match=reason):
        signature_from_mapping({"inputs": inputs})


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ('[{"type": "long"}]', "param 0: a param has a name"),
        ('[{"name": "n"}]', "param 'n': it has no `type`"),
        ('[{"name": "n", "type": "long", "shape": [2]}]', r"the shape is null or \[-1\], this is \[2\]"),
        ('[{"name": "n", "type": "array", "items": "long"}]', "the type of a list is that of its items"),
        ('[{"name": "n", "type": "datetime", "default": "soon"}]', "param 'n': the default 'soon' is no date"),
        (
            '[{"name": "n", "type": "long"}, {"name": "n", "type": "long"}]',
            "signature params: the name 'n' stands twice",
        ),
    ],
)
def test_broken_params_are_named(params: str, reason: str) -> None:
    """So is a param."""
    with pytest.raises(InvalidModelError, match=reason):
        signature_from_mapping({"params": params})


def test_a_default_that_json_cannot_hold_is_refused() -> None:
    """It is the caller's value, and the message says so before anything is written."""
    with pytest.raises(InvalidArgumentError, match="cannot be written as JSON"):
        signature_to_mapping(ModelSignature(params=(Param("n", DataType.STRING, object()),)))

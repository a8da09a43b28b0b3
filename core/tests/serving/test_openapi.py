from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import validate
from starlette.testclient import TestClient

from modelpack.schema.signature import (
    AnyType,
    Array,
    Column,
    ColumnSchema,
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
from modelpack.serving.app import create_app
from modelpack.serving.errors import STATUS
from modelpack.serving.openapi.document import openapi_document
from modelpack.serving.settings import ServerSettings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from modelpack.pyfunc.model import PyFuncModel

EVERY_TYPE = ColumnSchema(
    (
        *(Column(kind, kind.value) for kind in DataType),
        Column(DataType.LONG, "optional", required=False),
        Column(Array(DataType.LONG), "list"),
        Column(Array(Array(DataType.DOUBLE)), "lists"),
        Column(Map(DataType.LONG), "map"),
        Column(Object((Property("a", DataType.STRING), Property("b", DataType.DATETIME, required=False))), "object"),
        Column(AnyType(), "any"),
        Column(SparkMLVector(), "vector"),
    )
)
PARAMS = (
    Param("scale", DataType.DOUBLE, 1.0),
    Param("stops", DataType.STRING, ["a"], (-1,)),
    Param("k", DataType.LONG),
)
SIGNATURES = {
    "every type": ModelSignature(EVERY_TYPE, EVERY_TYPE, PARAMS),
    "one column": ModelSignature(ColumnSchema((Column(DataType.DOUBLE, "x"),))),
    "one list": ModelSignature(ColumnSchema((Column(Array(DataType.DOUBLE), "x"),))),
    "unnamed columns": ModelSignature(ColumnSchema((Column(DataType.DOUBLE), Column(DataType.DOUBLE)))),
    "one unnamed column": ModelSignature(ColumnSchema((Column(DataType.STRING),))),
    "whole numbers as names": ModelSignature(ColumnSchema((Column(DataType.LONG, 0), Column(DataType.LONG, 1)))),
    "a tensor": ModelSignature(TensorSchema((Tensor("float32", (-1, 2, 3)),)), TensorSchema((Tensor("int64", (-1,)),))),
    "named tensors": ModelSignature(
        TensorSchema((Tensor("int64", (-1,), "a"), Tensor("bool", (2,), "b"), Tensor("str", (-1, 1), "c"))),
        TensorSchema((Tensor("float32", (-1,), "d"),)),
    ),
    "no inputs": ModelSignature(outputs=ColumnSchema((Column(DataType.LONG, "y"),))),
    "none": None,
}
EVERY_SIGNATURE = pytest.mark.parametrize("signature", SIGNATURES.values(), ids=list(SIGNATURES))


def count(data: Any) -> list[int]:
    """A prediction for each row."""
    rows = len(next(iter(data.values()))) if isinstance(data, dict) else len(data)
    return [1] * rows


def fits(document: dict[str, Any], schema: dict[str, Any], value: Any) -> bool:
    """Whether a value is what a schema of the document says."""
    validator: Any = OAS31Validator({**schema, "components": document["components"]})
    return bool(validator.is_valid(value))


def described(model: PyFuncModel, **settings: Any) -> dict[str, Any]:
    """The document of a server, as it reads after a way through JSON."""
    document: dict[str, Any] = json.loads(json.dumps(openapi_document(model, ServerSettings(**settings))))
    return document


def request_content(document: dict[str, Any]) -> dict[str, Any]:
    """What `POST /invocations` takes, by media type."""
    content: dict[str, Any] = document["paths"]["/invocations"]["post"]["requestBody"]["content"]
    return content


@EVERY_SIGNATURE
@pytest.mark.parametrize("protocol", ["modelpack", "mlflow-0.9", "mlflow-0.1"])
def test_the_document_is_valid(
    make_described: Callable[..., PyFuncModel], signature: ModelSignature | None, protocol: str
) -> None:
    """It is OpenAPI 3.1 whatever the signature and the protocol."""
    document = described(make_described(signature, count), protocol=protocol)
    validate(document)
    assert document["openapi"].startswith("3.1")


@EVERY_SIGNATURE
def test_every_example_fits_its_schema_and_is_answered(
    make_described: Callable[..., PyFuncModel], signature: ModelSignature | None
) -> None:
    """What the document shows can be pasted into a client."""
    model = make_described(signature, count)
    document = described(model)
    shown = 0
    with TestClient(create_app(model)) as client:
        for media_type, media in request_content(document).items():
            for example in media.get("examples", {}).values():
                shown += 1
                value = example["value"]
                assert fits(document, media["schema"], value), (media_type, value)
                body = value if isinstance(value, str) else json.dumps(value)
                response = client.post("/invocations", content=body, headers={"Content-Type": media_type})
                assert response.status_code == 200, (media_type, value, response.text)
    assert shown >= 1


def test_the_stored_example_is_shown(make_described: Callable[..., PyFuncModel]) -> None:
    """Its first rows, in the signature's order, with its params."""
    frame = pd.DataFrame({"b": [1.5, 2.5, 3.5], "a": [1, 2, 3]})
    inputs = ColumnSchema((Column(DataType.LONG, "a"), Column(DataType.DOUBLE, "b")))
    signature = ModelSignature(inputs, params=(Param("scale", DataType.DOUBLE, 1.0),))
    document = described(make_described(signature, count, example=(frame, {"scale": 2.0})))
    examples = request_content(document)["application/json"]["examples"]
    split = {"columns": ["a", "b"], "data": [[1, 1.5], [2, 2.5]]}
    assert examples["dataframe_split"]["value"] == {"dataframe_split": split, "params": {"scale": 2.0}}
    assert request_content(document)["text/csv"]["examples"]["example"]["value"] == "a,b\n1,1.5\n2,2.5\n"


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (DataType.BOOLEAN, [True, False], [1, "true", None]),
        (DataType.INTEGER, [1, -5], [2**31, 1.5, "1", None]),
        (DataType.LONG, [2**62], [2**63, 1.5, "1", True, None]),
        (DataType.DOUBLE, [1, 1.5, None], ["1.5", True, [1.5]]),
        (DataType.STRING, ["a", "", None], [1, True]),
        (DataType.BINARY, ["AAAA", "AA==", None], ["A", "n o"]),
        (DataType.DATETIME, ["2024-01-31", "2024-01-31T12:00:00Z", 1706700000000, None], ["noon", "12:30", True]),
        (Array(DataType.LONG), [[], [1, 2]], [1, [1.5], [None], None]),
        (Array(DataType.DOUBLE), [[1.5, None]], [["a"], None]),
        (Map(DataType.LONG), [{}, {"a": 1}], [[1], {"a": "b"}, None]),
        (Object((Property("a", DataType.LONG),)), [{"a": 1}, {"a": 1, "more": 2}], [{}, {"a": "b"}, None]),
        (AnyType(), [1, "a", None, [1], {"a": 1}], []),
    ],
)
def test_a_column_is_described_as_the_server_takes_it(
    make_described: Callable[..., PyFuncModel], kind: Any, good: list[Any], bad: list[Any]
) -> None:
    """A value fits the schema if, and only if, the server does not refuse it."""
    signature = ModelSignature(ColumnSchema((Column(kind, "x"), Column(DataType.LONG, "y"))))
    model = make_described(signature, count)
    document = described(model)
    with TestClient(create_app(model)) as client:
        for value, taken in [*((value, True) for value in good), *((value, False) for value in bad)]:
            body = {"dataframe_split": {"columns": ["x", "y"], "data": [[value, 1]]}}
            fit = fits(document, request_content(document)["application/json"]["schema"], body)
            status = client.post("/invocations", json=body).status_code
            assert (fit, status == 200) == (taken, taken), (value, fit, status)


@pytest.mark.parametrize(
    "predictions",
    [
        np.array([[1.5, 2.0]]),
        pd.DataFrame({"p": [1.5], "q": [np.nan]}),
        {"p": np.array([1.5]), "q": np.array([2.5])},
    ],
    ids=["array", "frame", "dict"],
)
def test_answers_fit_their_schema(make_described: Callable[..., PyFuncModel], predictions: Any) -> None:
    """In every form that a model of several outputs may answer in."""
    columns = ColumnSchema((Column(DataType.DOUBLE, "p"), Column(DataType.DOUBLE, "q")))
    model = make_described(ModelSignature(ColumnSchema((Column(DataType.LONG, "x"),)), columns), lambda _: predictions)
    document = described(model)
    content = document["paths"]["/invocations"]["post"]["responses"]["200"]["content"]
    with TestClient(create_app(model)) as client:
        answer = client.post("/invocations", json={"inputs": {"x": [1]}}).json()
    assert fits(document, content["application/json"]["schema"], answer)
    assert not fits(document, content["application/json"]["schema"], {"predictions": [["a", "b"]]})


def test_every_error_is_described(make_model: Callable[..., PyFuncModel], tmp_path: Path) -> None:
    """Each status of the one table stands at the operation; 401 where keys are asked for."""
    keys = tmp_path / "keys"
    open_statuses = set(described(make_model())["paths"]["/invocations"]["post"]["responses"])
    keyed_statuses = set(described(make_model(), api_key_file=keys)["paths"]["/invocations"]["post"]["responses"])
    of_table = {str(int(status)) for status in STATUS.values()} | {"200", "500"}
    assert open_statuses == of_table - {"401"}
    assert keyed_statuses == of_table - {"403", "421"}


def test_keys_are_described(make_model: Callable[..., PyFuncModel], tmp_path: Path) -> None:
    """Every operation asks for one but those for health and the pages."""
    document = described(make_model(), api_key_file=tmp_path / "keys")
    validate(document)
    assert document["security"] == [{"bearer": []}, {"header": []}]
    operations = {path: operation for path, item in document["paths"].items() for operation in item.values()}
    free = {path for path, operation in operations.items() if operation.get("security") == []}
    assert free == {"/", "/docs", "/ping", "/health", "/v2/health/live", "/v2/health/ready"}
    assert "security" not in described(make_model())


def test_params_are_described_with_their_defaults(make_described: Callable[..., PyFuncModel]) -> None:
    """Unknown ones are refused, as the server does."""
    document = described(make_described(SIGNATURES["every type"], count))
    schema = document["components"]["schemas"]["Params"]
    assert schema["properties"]["scale"]["default"] == 1.0
    assert schema["properties"]["stops"] == {"type": "array", "items": {"type": "string"}, "default": ["a"]}
    assert fits(document, schema, {"scale": 2.5, "k": None})
    assert not fits(document, schema, {"nope": 1})


def test_every_path_of_the_document_is_served(make_model: Callable[..., PyFuncModel]) -> None:
    """None is described that is not there."""
    model = make_model()
    with TestClient(create_app(model)) as client:
        document = client.get("/openapi.json").json()
        for path, item in document["paths"].items():
            for method in item:
                assert client.request(method, path).status_code not in {404, 405}, path


def test_the_document_is_kept_by_clients(make_model: Callable[..., PyFuncModel]) -> None:
    """It has a tag, by which a client learns that it has the same already."""
    with TestClient(create_app(make_model())) as client:
        first = client.get("/openapi.json")
        assert first.headers["content-type"] == "application/json"
        again = client.get("/openapi.json", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_each_protocol_answers_in_its_own_form(make_model: Callable[..., PyFuncModel]) -> None:
    """Bare lists of an older protocol are for `/invocations` alone; errors of v1 and v2 have their own form."""
    paths = described(make_model(), protocol="mlflow-0.9")["paths"]
    bare = {"$ref": "#/components/schemas/Predictions"}
    first = paths["/v1/models/no_files:predict"]["post"]["responses"]
    assert paths["/invocations"]["post"]["responses"]["200"]["content"]["application/json"]["schema"] == bare
    assert first["200"]["content"]["application/json"]["schema"]["required"] == ["predictions"]
    for responses in (first, paths["/v2/models/no_files/infer"]["post"]["responses"]):
        schema = responses["422"]["content"]["application/json"]["schema"]
        assert schema == {"$ref": "#/components/schemas/ProtocolError"}

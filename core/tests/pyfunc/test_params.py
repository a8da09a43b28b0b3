"""The params of `predict`."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from modelpack.errors import SchemaError
from modelpack.pyfunc.enforcement import Enforcer
from modelpack.schema.signature import DataType, ModelSignature, Object, Param, Property

if TYPE_CHECKING:
    from modelpack.pyfunc.policy import Policy

PARAMS = (
    Param("temperature", DataType.DOUBLE, 0.7),
    Param("top_k", DataType.LONG, 5),
    Param("stop", DataType.STRING, ["."], (-1,)),
    Param("since", DataType.DATETIME, "2024-05-30T00:00:00"),
    Param("seed", DataType.INTEGER, None),
    Param("options", Object((Property("n", DataType.LONG),)), {"n": 1}),
)


def params(given: Any, policy: Policy = "safe") -> dict[str, Any]:
    """The params as the model would see them."""
    found = Enforcer(ModelSignature(params=PARAMS), policy).params(given)
    assert found is not None
    return found


@pytest.mark.parametrize("given", [None, {}])
def test_defaults_are_filled_in(given: Any) -> None:
    """All of them, as values of their types; None where there is no default."""
    assert params(given) == {
        "temperature": 0.7,
        "top_k": 5,
        "stop": ["."],
        "since": dt.datetime(2024, 5, 30),  # noqa: DTZ001
        "seed": None,
        "options": {"n": 1},
    }


def test_defaults_are_not_shared_between_calls() -> None:
    """A model that changes its params does not change those of the next call."""
    check = Enforcer(ModelSignature(params=PARAMS))
    first = check.params(None)
    assert first is not None
    first["stop"].append("!")
    assert check.params({"top_k": 1}) == {**params(None), "top_k": 1}


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("temperature", 1, 1.0),
        ("temperature", np.float32(0.5), 0.5),
        ("top_k", 3.0, 3),
        ("top_k", np.int64(3), 3),
        ("stop", np.array(["a", "b"]), ["a", "b"]),
        ("stop", ("a",), ["a"]),
        ("stop", [], []),
        ("since", "2024-05-31", dt.datetime(2024, 5, 31)),  # noqa: DTZ001
        ("since", dt.date(2024, 5, 31), dt.datetime(2024, 5, 31)),  # noqa: DTZ001
        ("since", np.datetime64("2024-05-31"), dt.datetime(2024, 5, 31)),  # noqa: DTZ001
        ("seed", None, None),
        ("options", {"n": 2.0}, {"n": 2}),
    ],
)
def test_values_are_converted_as_plain_python(name: str, given: Any, expected: Any) -> None:
    """What a model gets does not depend on where the params came from."""
    found = params({name: given})[name]
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("temperature", "hot", "param 'temperature' should be double, but 'hot' is a string"),
        ("top_k", 2.5, "param 'top_k' should be long, but 2.5 is not a whole number"),
        ("top_k", True, "param 'top_k' should be long, but True is a boolean"),
        ("top_k", None, "param 'top_k' should be long, but it is None"),
        ("top_k", [1], "param 'top_k' should be long, but [1] is of type list"),
        ("seed", 2**31, "param 'seed' should be integer, but 2147483648 is out of range"),
        ("stop", ".", "param 'stop' should be list of string, but '.' is no list"),
        ("stop", [1], "param 'stop' should be list of string, but 1 is an integer"),
        ("options", {}, "param 'options' should be object with n, but it lacks 'n'"),
    ],
)
def test_a_value_that_does_not_fit_is_named(name: str, given: Any, message: str) -> None:
    """With the type and the value."""
    with pytest.raises(SchemaError) as caught:
        params({name: given})
    assert caught.value.message.startswith(message)


def test_every_param_that_does_not_fit_is_named() -> None:
    """One answer tells all there is to repair."""
    with pytest.raises(SchemaError, match=r"'temperature'.*; param 'top_k'"):
        params({"temperature": "x", "top_k": "y"})


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    """A misspelt param would otherwise silently do nothing."""
    with pytest.raises(SchemaError) as caught:
        params({"temprature": 1.0})
    assert caught.value.message.startswith("unknown params: 'temprature'; the model knows 'temperature', 'top_k'")
    assert caught.value.hint == "did you mean 'temperature'?"


def test_params_are_a_mapping() -> None:
    """A list of values has no names."""
    with pytest.raises(SchemaError, match="params should be a mapping"):
        params([1])


def test_lenient_parses_text() -> None:
    """As the command line gives it."""
    assert params({"temperature": "0.5", "top_k": "3"}, "lenient")["top_k"] == 3


def test_strict_wants_the_type() -> None:
    """An integer is no double there."""
    with pytest.raises(SchemaError, match="1 is an integer"):
        params({"temperature": 1}, "strict")


def test_params_pass_where_the_signature_knows_nothing_of_them() -> None:
    """No signature, or one from before there were params."""
    for signature in (None, ModelSignature()):
        assert Enforcer(signature).params({"a": 1}) == {"a": 1}
        assert Enforcer(signature).params(None) is None


def test_a_model_without_params_refuses_them() -> None:
    """Where the signature says that there are none."""
    with pytest.raises(SchemaError, match="unknown params: 'a'; the model knows none"):
        Enforcer(ModelSignature(params=())).params({"a": 1})

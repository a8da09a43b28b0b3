from __future__ import annotations

import pytest

from modelpack.pyfunc import PythonModel, PythonModelContext


def test_a_context_holds_artifacts_and_configuration() -> None:
    """Both are mappings; the configuration is empty when there is none."""
    context = PythonModelContext({"weights": "/models/w.bin"}, {"threshold": 0.5})
    assert context.artifacts["weights"] == "/models/w.bin"
    assert context.model_config["threshold"] == 0.5
    assert PythonModelContext({}).model_config == {}


def test_a_context_is_read_only() -> None:
    """Neither its mappings nor its attributes can be changed."""
    context = PythonModelContext({"weights": "/models/w.bin"})
    with pytest.raises(TypeError):
        context.artifacts["other"] = "x"  # type: ignore[index]  # what must fail
    with pytest.raises(AttributeError, match=r"set 'booster' on the model"):
        context.booster = object()


def test_contexts_with_the_same_content_are_equal() -> None:
    """One stands for the other."""
    assert PythonModelContext({"a": "/x"}) == PythonModelContext({"a": "/x"}, {})
    assert PythonModelContext({"a": "/x"}) != PythonModelContext({"a": "/y"})
    assert PythonModelContext({}) != "a context"


def test_a_model_without_predict_says_so() -> None:
    """The base class predicts nothing, and loading a context is optional."""
    model = PythonModel()
    model.load_context(PythonModelContext({}))
    with pytest.raises(NotImplementedError, match="PythonModel defines no predict"):
        model.predict(None, [])

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import modelpack.pyfunc
from modelpack.errors import IntegrityError, InvalidArgumentError, ModelFailureError, NotFoundError
from modelpack.pyfunc.flavor import PythonFunctionFlavor
from modelpack.pyfunc.source import ModelSource, described


class Doubled(modelpack.pyfunc.PythonModel):
    """Twice the input."""

    def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:  # noqa: ARG002 - the PythonModel protocol
        """Score a list."""
        return model_input * 2


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """A saved model."""
    modelpack.pyfunc.save_model(tmp_path / "model", python_model=Doubled())
    return tmp_path / "model"


def test_a_model_is_described_without_being_loaded(saved: Path) -> None:
    """By all that its files say."""
    source = ModelSource(uri=str(saved))
    model, shown = source.load(), described(source.open())
    assert (shown.digest, shown.path, shown.metadata) == (model.digest, model.path, model.metadata)
    with pytest.raises(ModelFailureError, match="did not load"):
        shown.predict([1])


def test_only_a_flavor_that_says_so_is_forked(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model of the user's own classes may keep threads."""
    source = ModelSource(uri=str(saved))
    assert not source.fork_safe(source.open())
    monkeypatch.setattr(PythonFunctionFlavor, "fork_safe", True)
    assert source.fork_safe(source.open())


def test_a_flavor_that_the_model_lacks_is_told_before_anything_is_loaded(saved: Path) -> None:
    """With those that it has."""
    source = ModelSource(uri=str(saved), flavor="other")
    with pytest.raises(NotFoundError, match="it has: python_function"):
        source.fork_safe(source.open())


def test_a_model_that_was_replaced_is_not_mixed_with_the_former(saved: Path) -> None:
    """A worker that starts later would answer otherwise than the others."""
    with pytest.raises(IntegrityError, match="another than when this was started"):
        ModelSource(uri=str(saved), digest="sha256:0").load()


def test_an_unknown_policy_is_refused() -> None:
    """Before anything is read."""
    policy: Any = "loose"
    with pytest.raises(InvalidArgumentError, match="loose"):
        ModelSource(uri="absent", policy=policy)

"""What a served model is called."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from modelpack.errors import InvalidArgumentError
from modelpack.pyfunc.model import PyFuncModel
from modelpack.schema.mlmodel import MLmodel
from modelpack.serving.naming import model_name
from modelpack.serving.settings import ServerSettings

if TYPE_CHECKING:
    from collections.abc import Mapping


class Silent:
    """A model that answers nothing."""

    def predict(self, data: Any, params: Mapping[str, Any] | None = None) -> None:
        """Answer nothing."""


def stored_at(path: str) -> PyFuncModel:
    """A model that was loaded from a directory."""
    return PyFuncModel(Silent(), mlmodel=MLmodel(flavors={}), path=Path(path), digest="", native=None)


@pytest.mark.parametrize(
    ("directory", "name"),
    [
        ("/models/iris", "iris"),
        ("/models/my model (2)", "my_model_2"),
        ("/models/modèle.v1", "mod_le.v1"),
        ("/models/.hidden", "hidden"),
        ("/", "model"),
        ("/models/…", "model"),
    ],
)
def test_a_model_is_called_as_its_directory(directory: str, name: str) -> None:
    """Letters that a URL would have to quote are replaced."""
    assert model_name(stored_at(directory), ServerSettings()) == name


def test_a_chosen_name_goes_before_the_directory() -> None:
    """The setting decides."""
    assert model_name(stored_at("/models/iris"), ServerSettings(model_name="flowers-2.1")) == "flowers-2.1"


@pytest.mark.parametrize("name", ["a/b", "", "..", "-x", "a b", "é", "x" * 129, "a\n"])
def test_a_chosen_name_that_no_url_can_hold_is_refused(name: str) -> None:
    """It is not changed silently."""
    with pytest.raises(InvalidArgumentError, match="cannot be a model's name"):
        model_name(stored_at("/models/iris"), ServerSettings(model_name=name))

from __future__ import annotations

import pickletools
import threading
from typing import TYPE_CHECKING, Any

import pytest

from modelpack.errors import InvalidArgumentError
from modelpack.pyfunc import PythonModel, PythonModelContext
from modelpack.pyfunc.pickling import pickle_model

if TYPE_CHECKING:
    from pathlib import Path


def local_model() -> PythonModel:
    """An instance of a class that exists in this function alone, so that it is pickled by value."""

    class Model(PythonModel):
        def predict(self, context: PythonModelContext, model_input: Any) -> Any:  # noqa: ARG002 - the form
            import colorsys

            import packaging.version

            return [packaging.version.parse(each) for each in model_input] + [colorsys.rgb_to_hsv(0, 0, 0)]

    return Model()


def texts(path: Path) -> set[str]:
    """Every text in a pickle, among them the modules that it refers to."""
    return {argument for _, argument, _ in pickletools.genops(path.read_bytes()) if isinstance(argument, str)}


def test_the_base_class_stands_under_mlflows_name(tmp_path: Path) -> None:
    """The pickle refers to nothing of modelpack, so that it loads where modelpack is not installed."""
    pickle_model(local_model(), tmp_path / "model.pkl")
    found = texts(tmp_path / "model.pkl")
    assert {"mlflow.pyfunc.model", "PythonModel"} <= found
    assert not [text for text in found if text.startswith("modelpack.")]


def test_the_modules_that_are_needed_are_known(tmp_path: Path) -> None:
    """Imports inside functions count, and so do the modules of the values that the instance holds."""
    model = local_model()
    model.values = __import__("numpy").arange(3)  # type: ignore[attr-defined]  # models hold anything
    assert {"packaging", "numpy", "cloudpickle"} <= pickle_model(model, tmp_path / "model.pkl")


def test_what_cannot_be_pickled_is_named(tmp_path: Path) -> None:
    """The message says which model and why, the hint where such things belong."""
    model = local_model()
    model.lock = threading.Lock()  # type: ignore[attr-defined]  # models hold anything
    with pytest.raises(InvalidArgumentError, match=r"the Model cannot be pickled: .*lock") as raised:
        pickle_model(model, tmp_path / "model.pkl")
    assert "load_context" in str(raised.value.hint)

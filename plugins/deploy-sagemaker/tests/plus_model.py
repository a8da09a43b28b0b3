"""The model that the tests deploy; a scoring server imports it from the model's code."""

from __future__ import annotations

from typing import Any

from modelpack.pyfunc import PythonModel


class Plus(PythonModel):
    """Adds a number to every value."""

    def __init__(self, number: float) -> None:
        self.number = number

    def predict(self, context: Any, model_input: Any) -> Any:  # noqa: ARG002 - the contract of a PythonModel
        """Add it."""
        return model_input + self.number

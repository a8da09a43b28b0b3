"""The models that the conformance kit deploys. A scoring server imports this module: nothing of the tests is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelpack.pyfunc import PythonModel

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from modelpack.pyfunc import PythonModelContext

FAILURE = "the conformance kit lets this model fail"
ROWS = (1.5, 2.0)
NUMBERS = {"first": 1.0, "second": 20.0}
"""What each model adds to its input."""


class Adding(PythonModel):
    """Adds a number to the column `x`."""

    def __init__(self, number: float) -> None:
        """Keep the number."""
        self.number = number

    def predict(self, context: PythonModelContext, model_input: Any, params: Mapping[str, Any] | None = None) -> Any:  # noqa: ARG002 - as in the interface
        """Add it."""
        return model_input["x"] + self.number


class Broken(Adding):
    """Cannot be loaded."""

    def load_context(self, context: PythonModelContext) -> None:  # noqa: ARG002 - as in the interface
        """Fail."""
        raise RuntimeError(FAILURE)


def save_model(path: Path, kind: str, arguments: Mapping[str, Any]) -> str:
    """Save one of the models: `first`, `second`, or `broken`.

    Returns:
        The digest.
    """
    import pandas as pd

    import modelpack
    from modelpack.pyfunc import save_model as save

    model = Adding(NUMBERS[kind]) if kind in NUMBERS else Broken(0.0)
    rows = pd.DataFrame({"x": ROWS})
    signature = modelpack.infer_signature(rows, rows["x"])
    return save(path, python_model=model, signature=signature, **arguments).digest

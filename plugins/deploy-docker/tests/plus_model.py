"""A model that adds a number, and fails as it is told. The container imports it."""

from __future__ import annotations

import os
import time
from typing import Any

from modelpack.pyfunc import PythonModel


class Plus(PythonModel):
    """Adds a number, and what the variable `ADDED` says, to the column `x`."""

    def __init__(self, number: float, fails: str = "") -> None:
        """Keep the number; `fails` is what loading fails with, `memory` takes all there is, `time` too long."""
        self.number = number
        self.fails = fails

    def load_context(self, context: Any) -> None:  # noqa: ARG002 - as in the interface
        """Fail, if that is wanted."""
        if self.fails == "memory":
            taken = [bytearray(os.urandom(16_000_000)) for _ in range(1000)]
            raise RuntimeError(f"there was room for {len(taken)}")
        if self.fails == "time":
            time.sleep(600)
        if self.fails:
            raise RuntimeError(self.fails)

    def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:  # noqa: ARG002 - as in the interface
        """Add the numbers."""
        time.sleep(float(os.environ.get("PAUSE", "0")))
        return model_input["x"] + self.number + float(os.environ.get("ADDED", "0"))

"""A machine-learning library in a few lines, for the sound flavor and for the broken ones made of it."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

__version__ = "1.2.3"


class SoundModel:
    """A linear model: each column times its weight, plus the bias."""

    def __init__(self, weights: dict[str, float], bias: float) -> None:
        """Take the weights as they are."""
        self.weights = weights
        self.bias = bias

    def predict(self, rows: Any, scale: float = 1.0) -> Any:
        """One number for each row of an array, or of a frame with the weights' names."""
        import numpy as np

        if hasattr(rows, "columns"):
            rows = rows[list(self.weights)].to_numpy()
        return (rows @ np.array(list(self.weights.values())) + self.bias) * scale

    def write(self, path: Path) -> None:
        """Write the model as JSON."""
        path.write_text(json.dumps({"weights": self.weights, "bias": self.bias}), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> SoundModel:
        """Read what `write` wrote."""
        model = cls(**json.loads(path.read_text(encoding="utf-8")))
        if not math.isfinite(model.bias):
            raise ValueError("the bias is not finite")
        return model

"""A machine-learning library in thirty lines: what the toy flavor knows. It executes no code from a model."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__version__ = "1.2.3"


@dataclass
class ToyModel:
    """A linear model: each column times its weight, plus the bias."""

    weights: dict[str, float]
    bias: float = 0.0

    def predict_row(self, row: Mapping[str, Any]) -> float:
        """Score one row, with nothing but Python."""
        return sum(weight * float(row[name]) for name, weight in self.weights.items()) + self.bias

    def write(self, path: Path) -> None:
        """Write the model as JSON."""
        path.write_text(json.dumps({"weights": self.weights, "bias": self.bias}), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> ToyModel:
        """Read what `write` wrote."""
        return cls(**json.loads(path.read_text(encoding="utf-8")))

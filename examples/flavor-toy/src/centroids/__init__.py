"""A machine-learning library, so that the flavor has something to save: a nearest-centroid classifier in pure Python.

A real flavor is published apart from its library. This one ships with it, to keep the example in one place.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

__version__ = "0.1.0"


class CentroidClassifier:
    """Answers the label whose centre is nearest.

    Attributes:
        columns: The names of the columns, in the order of the coordinates.
        centres: The mean of the rows of each label.
    """

    def __init__(self, columns: Sequence[str], centres: Mapping[str, Sequence[float]]) -> None:
        """Take columns and centres as `fit` found them."""
        self.columns = list(columns)
        self.centres = {label: list(centre) for label, centre in centres.items()}

    @classmethod
    def fit(cls, rows: Sequence[Mapping[str, float]], labels: Sequence[str]) -> CentroidClassifier:
        """Find the centre of each label."""
        columns = list(rows[0])
        centres = {}
        for label in sorted(set(labels)):
            members = [row for row, own in zip(rows, labels, strict=True) if own == label]
            centres[label] = [sum(row[column] for row in members) / len(members) for column in columns]
        return cls(columns, centres)

    def predict(self, rows: Iterable[Sequence[float]], power: float = 2.0) -> list[str]:
        """The label of each row, by the distance with the given power (1 is Manhattan's, 2 is Euclid's)."""
        return [min(self.centres, key=lambda label: self._distance(row, label, power)) for row in rows]

    def save(self, path: Path) -> None:
        """Write the classifier as JSON."""
        path.write_text(json.dumps({"columns": self.columns, "centres": self.centres}), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> CentroidClassifier:
        """Read what `save` wrote."""
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return cls(content["columns"], content["centres"])

    def _distance(self, row: Sequence[float], label: str, power: float) -> float:
        gaps = (abs(value - centre) for value, centre in zip(row, self.centres[label], strict=True))
        return math.fsum(gap**power for gap in gaps)

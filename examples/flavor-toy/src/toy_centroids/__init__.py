"""A library to have models of: a nearest-centroid classifier in pure Python.

It stands in for the library that the flavor is for, which has a distribution of its own:
delete this package once the flavor saves that library's models.
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

    def __init__(
        self,
        columns: Sequence[str],
        centres: Mapping[str, Sequence[float]],
    ) -> None:
        """Take columns and centres as `fit` found them."""
        self.columns = list(columns)
        self.centres = {label: list(centre) for label, centre in centres.items()}

    @classmethod
    def fit(
        cls,
        rows: Sequence[Mapping[str, float]],
        labels: Sequence[str],
    ) -> CentroidClassifier:
        """Find the centre of each label."""
        columns = list(rows[0])
        members: dict[str, list[Mapping[str, float]]] = {}
        for row, label in zip(rows, labels, strict=True):
            members.setdefault(label, []).append(row)
        centres = {
            label: [math.fsum(row[name] for row in own) / len(own) for name in columns]
            for label, own in sorted(members.items())
        }
        return cls(columns, centres)

    def predict(
        self,
        rows: Iterable[Sequence[float]],
        power: float = 2.0,
    ) -> list[str]:
        """The label of each row; power 1 is Manhattan's distance, 2 is Euclid's."""

        def distance(row: Sequence[float], label: str) -> float:
            pairs = zip(row, self.centres[label], strict=True)
            return math.fsum(abs(value - centre) ** power for value, centre in pairs)

        def nearest(row: Sequence[float]) -> str:
            return min(self.centres, key=lambda label: distance(row, label))

        return [nearest(row) for row in rows]

    def save(self, path: Path) -> None:
        """Write the classifier as JSON."""
        content = {"columns": self.columns, "centres": self.centres}
        path.write_text(json.dumps(content), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> CentroidClassifier:
        """Read what `save` wrote."""
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return cls(content["columns"], content["centres"])

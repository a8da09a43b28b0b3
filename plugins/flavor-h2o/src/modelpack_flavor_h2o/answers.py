"""Answers as H2O's `predict` gives them: a DataFrame with a column of predictions, and further ones."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

PREDICT = "predict"
_WHOLE = re.compile(r"-?\d{1,18}")


@dataclass(frozen=True, slots=True)
class Output:
    """A column of answers.

    Attributes:
        name: Its name.
        labels: What its codes stand for, as `as_data_frame` types them; None for numbers.
        whole: Whether its numbers are whole ones, such as those of clusters.
    """

    name: str
    labels: Any = None
    whole: bool = False

    @classmethod
    def of(cls, name: str, levels: Sequence[str] | None, category: str) -> Output:
        """The column that a model of some category calls `name`, whose codes stand for `levels`."""
        if category == "Clustering":  # which a MOJO calls "cluster"
            return cls(PREDICT, whole=True)
        return cls(name, None if levels is None else typed(levels))

    def values(self, numbers: Any) -> Any:
        """The column of a vector of raw scores."""
        if self.labels is not None:
            return _labelled(self.labels, numbers)
        return numbers.astype("int64") if self.whole else numbers


def framed(outputs: Sequence[Output], raw: Any, index: Any) -> Any:
    """The answer of a matrix of raw scores, a row for each row of the input, with its index."""
    import pandas as pd

    columns = {output.name: output.values(raw[:, place]) for place, output in enumerate(outputs)}
    return pd.DataFrame(columns, index=index)  # arrays, so that nothing is aligned


def typed(levels: Sequence[str]) -> Any:
    """The levels of a category, as pandas reads them from the CSV in which H2O answers: texts, numbers or truths."""
    import pandas as pd

    if all(map(_WHOLE.fullmatch, levels)):
        return pd.array([int(level) for level in levels], dtype="int64")
    if {level.lower() for level in levels} <= {"true", "false"}:
        return pd.array([level.lower() == "true" for level in levels], dtype="bool")
    return pd.Series(list(levels)).array


def _labelled(labels: Any, codes: Any) -> Any:
    import numpy as np

    missing = np.isnan(codes)
    places = np.where(missing, -1, codes).astype("int64")
    return labels.take(places, allow_fill=True) if missing.any() else labels.take(places)

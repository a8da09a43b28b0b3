"""A model that takes its time."""

from __future__ import annotations

import time
from typing import Any

from sklearn.linear_model import LogisticRegression


class SlowRegression(LogisticRegression):  # type: ignore[misc]
    """Predicts after a second in which it leaves the processor to others."""

    def predict(self, X: Any) -> Any:  # noqa: N803 - scikit-learn's name
        """Sleep, then predict."""
        time.sleep(1)
        return super().predict(X)

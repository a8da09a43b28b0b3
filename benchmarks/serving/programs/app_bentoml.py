"""A BentoML service as its documentation writes one: NumPy in and out, adaptive batching along the rows."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import bentoml  # type: ignore[import-not-found]
import numpy as np


@bentoml.service(workers=1, metrics={"enabled": True}, logging={"access": {"enabled": False}}, traffic={"timeout": 60})
class Model:
    """Serves the pickled estimator."""

    def __init__(self) -> None:
        """Load it."""
        self.model = pickle.loads((Path(os.environ["BENCH_MODEL"]) / "array.pkl").read_bytes())  # noqa: S301 - ours

    @bentoml.api(batchable=True, batch_dim=0, max_batch_size=10_000, max_latency_ms=60_000)  # type: ignore[untyped-decorator]
    def predict(self, data: np.ndarray) -> np.ndarray:
        """Predict rows."""
        predictions: np.ndarray = self.model.predict(data)
        return predictions

"""What all subjects share: the model, the data, and how a repeated call is timed."""

from __future__ import annotations

import json
import resource
import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

FEATURES = [f"f{number}" for number in range(10)]


def iris() -> tuple[Any, Any]:
    """A logistic regression on iris, and its training frame."""
    from sklearn.datasets import load_iris
    from sklearn.linear_model import LogisticRegression

    features, target = load_iris(return_X_y=True, as_frame=True)
    return LogisticRegression(max_iter=500).fit(features, target), features


def wide() -> tuple[Any, Any]:
    """A logistic regression on ten normal columns, and ten thousand rows of them."""
    import numpy as np
    import pandas as pd
    from sklearn.linear_model import LogisticRegression

    values = np.random.default_rng(42).normal(size=(10_000, len(FEATURES)))
    frame = pd.DataFrame(values, columns=FEATURES)
    return LogisticRegression().fit(frame, values[:, 0] > 0), frame


def timed(call: Callable[[], object], *, repeat: int, warm: int = 3) -> float:
    """The median of `repeat` calls in seconds, after `warm` that do not count."""
    for _ in range(warm):
        call()
    return statistics.median(_once(call) for _ in range(repeat))


def compared(call: Callable[[], object], native: Callable[[], object], *, repeat: int) -> dict[str, float]:
    """The median of a call, and how much longer it takes than the native one that it wraps, interleaved."""
    for _ in range(50):
        call()
        native()
    times = [(_once(call), _once(native)) for _ in range(repeat)]
    seconds = statistics.median(wrapped for wrapped, _ in times)
    return {"seconds": seconds, "overhead": seconds - statistics.median(bare for _, bare in times)}


def _once(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def run(tasks: Mapping[str, Callable[[Path], Any]]) -> None:
    """Run the task that the command line names in the directory that it names; print seconds and peak memory."""
    name, folder = sys.argv[1:]
    answer = tasks[name](Path(folder))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    measured = answer if isinstance(answer, dict) else {"seconds": answer}
    print(json.dumps({**measured, "peak_mib": peak}))

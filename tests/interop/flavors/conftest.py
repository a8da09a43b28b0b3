"""What the flavors' tests against MLflow share."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest


@pytest.fixture(scope="session", autouse=True)
def without_mlflow() -> None:
    """MLflow is not installed here: these tests would prove nothing where it could help."""
    assert find_spec("mlflow") is None


@pytest.fixture(scope="module")
def csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Rows as a file, in the digits that give the same numbers back."""
    path = tmp_path_factory.mktemp("rows") / "rows.csv"
    rows = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 3)).round(6), columns=["a", "b b", "c"])
    rows.to_csv(path, index=False)
    return path

"""What the tests of the plugin share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from modelpack import LoadContext
from modelpack.errors import TrustError
from modelpack.testing.fixtures import modelpack_home  # noqa: F401 - a fixture
from modelpack_flavor_pytorch.flavor import PytorchConf, PytorchLoadOptions, flavor

Load = Callable[..., Any]
Answer = Callable[..., Any]


@pytest.fixture
def network() -> torch.nn.Module:
    """A small network as training leaves it: with statistics and dropout, in training mode."""
    torch.manual_seed(0)
    layers = [
        torch.nn.Linear(3, 4),
        torch.nn.BatchNorm1d(4),
        torch.nn.ReLU(),
        torch.nn.Dropout(),
        torch.nn.Linear(4, 2),
    ]
    model = torch.nn.Sequential(*layers)
    model(torch.randn(16, 3))
    return model


@pytest.fixture
def rows() -> np.ndarray[Any, Any]:
    """Seven rows of three numbers."""
    return np.linspace(-1, 1, 21, dtype="float32").reshape(7, 3)


@pytest.fixture
def frame(rows: np.ndarray[Any, Any]) -> pd.DataFrame:
    """The same rows with names, and an index of their own."""
    return pd.DataFrame(rows.astype("float64"), columns=["a", "b", "c"], index=list("tuvwxyz"))


@pytest.fixture
def answer() -> Answer:
    """What a module answers by itself, in evaluation mode: `answer(model, array)`."""
    from modelpack_flavor_pytorch.modules import evaluating

    def call(model: torch.nn.Module, *arrays: Any) -> Any:
        with evaluating(model), torch.no_grad():
            return model(*(torch.from_numpy(np.array(array)) for array in arrays)).numpy()

    return call


@pytest.fixture
def load() -> Load:
    """Call the load hook as core does, for a caller who trusts the model (`trusted=True`) or does not."""

    def call(path: Path, conf: PytorchConf, *, trusted: bool = False, **more: Any) -> Any:
        more["options"] = PytorchLoadOptions.model_validate(more.get("options", {}))

        def require_trust(reason: str) -> None:
            if not trusted:
                raise TrustError(reason)

        def check_version(distribution: str, recorded: str | None) -> None:
            assert distribution == "torch"
            assert recorded == (None if conf.pytorch_version is None else torch.__version__)

        return flavor.modelpack_load_model(
            LoadContext(path=path, conf=conf, require_trust=require_trust, check_version=check_version, **more)
        )

    return call

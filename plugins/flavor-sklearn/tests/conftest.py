"""What the tests of the plugin share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sklearn.datasets import load_iris

from modelpack import LoadContext, SaveContext
from modelpack.errors import TrustError
from modelpack.testing.fixtures import modelpack_home  # noqa: F401 - a fixture
from modelpack_flavor_sklearn.flavor import SklearnConf, SklearnOptions, flavor

OLD_WITH_NEW = "ignore:scipy.optimize. The `disp` and `iprint` options:DeprecationWarning"


def pytest_configure(config: pytest.Config) -> None:
    """Let the oldest scikit-learn run with the newest SciPy, which warns of how it is called."""
    config.addinivalue_line("filterwarnings", OLD_WITH_NEW)


Save = Callable[..., SklearnConf]
Load = Callable[..., Any]


@pytest.fixture(scope="session")
def iris() -> tuple[pd.DataFrame, pd.Series]:
    """Four measures of 150 flowers, and their kinds."""
    rows, target = load_iris(return_X_y=True, as_frame=True)
    return rows, target


@pytest.fixture
def save() -> Save:
    """Call the save hook as core does: `save(model, path, **options)` answers the conf."""

    def call(model: Any, path: Path, **options: Any) -> SklearnConf:
        path.mkdir(exist_ok=True)
        return flavor.modelpack_save_model(model, SaveContext(path=path, options=SklearnOptions(**options)))

    return call


@pytest.fixture
def load() -> Load:
    """Call the load hook as core does, for a caller who trusts the model (`trusted=True`) or does not."""

    def call(path: Path, conf: SklearnConf, *, trusted: bool = False) -> Any:
        def require_trust(reason: str) -> None:
            if not trusted:
                raise TrustError(reason)

        def check_version(distribution: str, recorded: str | None) -> None:
            assert (distribution, recorded) == ("scikit-learn", conf.sklearn_version)

        return flavor.modelpack_load_model(
            LoadContext(path=path, conf=conf, require_trust=require_trust, check_version=check_version)
        )

    return call

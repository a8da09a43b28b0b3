"""What the tests of the plugin share: one H2O for the session, and models of it that are trained once."""

from __future__ import annotations

import os
import socket
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from modelpack.testing.fixtures import modelpack_home  # noqa: F401 - a fixture

ROWS = 80
SMALL = {"nthreads": 1, "max_mem_size": "1G"}


def free_port() -> int:
    """A port that nobody uses, nor the one above it, probably."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


os.environ["MODELPACK_TEST_H2O_PORT"] = str(free_port())  # test modules read it when they are imported


@pytest.fixture(scope="session", autouse=True)
def h2o_running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A real H2O, in which the tests train."""
    import h2o

    with warnings.catch_warnings(action="ignore"):
        h2o.init(
            port=int(os.environ["MODELPACK_TEST_H2O_PORT"]),
            ice_root=str(tmp_path_factory.mktemp("ice")),
            verbose=False,
            **SMALL,
        )
    h2o.no_progress()
    server = h2o.connection().local_server
    yield h2o
    h2o.connection().close()
    server.shutdown()


@pytest.fixture(scope="session")
def rows() -> pd.DataFrame:
    """Numbers, truths, times and texts, one with what CSV quotes."""
    random = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "age": random.normal(size=ROWS),
            "floor": random.integers(0, 4, ROWS),
            "flag": random.integers(0, 2, ROWS).astype(bool),
            "when": pd.date_range("2020-01-01", periods=ROWS, freq="h"),
            "city": ["Bonn", "Köln", "Ulm", 'a, "b"'] * (ROWS // 4),
        }
    )


@pytest.fixture(scope="session")
def train(h2o_running: Any, rows: pd.DataFrame) -> Callable[..., Any]:
    """Train an estimator of the rows on a target: a number, two classes, the classes 0 and 1, three, or none."""
    random = np.random.default_rng(1)
    number = rows["age"] + rows["flag"] + 0.1 * random.normal(size=ROWS)
    columns: dict[str, Any] = {
        "number": number,
        "two": np.where(number > 0.5, "yes", "no"),
        "bit": (number > 0.5).astype(int),
        "three": np.array(["x", "y", "z"])[random.integers(0, 3, ROWS)],
        "shift": random.normal(size=ROWS),
    }
    types = {"city": "enum", "two": "enum", "bit": "enum", "three": "enum"}
    frame = h2o_running.H2OFrame(rows.assign(**columns), column_types=types)

    def fit(estimator: Any, target: str | None, names: Any = None) -> Any:
        estimator.train(x=list(rows) if names is None else names, y=target, training_frame=frame)
        return estimator

    return fit


@pytest.fixture(scope="session")
def predicted(h2o_running: Any) -> Callable[[Any, pd.DataFrame], pd.DataFrame]:
    """What H2O itself predicts, frame in and frame out; missing texts are none of its parser's business here."""

    def predict(model: Any, data: pd.DataFrame) -> pd.DataFrame:
        frame = h2o_running.H2OFrame(data, column_types={"city": "enum"} if "city" in data else None)
        with warnings.catch_warnings(action="ignore"):
            answer: pd.DataFrame = model.predict(frame).as_data_frame()
        return answer

    return predict


@pytest.fixture(scope="session")
def binomial(train: Callable[..., Any]) -> Any:
    """Trees for two classes."""
    from h2o.estimators import H2OGradientBoostingEstimator

    return train(H2OGradientBoostingEstimator(ntrees=4, seed=1, model_id="binomial"), "two")


@pytest.fixture
def saved(binomial: Any, rows: pd.DataFrame, tmp_path: Path) -> Path:
    """The trees for two classes, saved with a signature."""
    import modelpack

    modelpack.save_model(binomial, tmp_path / "model", input_example=rows.head(2), settings={"init": SMALL})
    return tmp_path / "model"


@pytest.fixture
def stranger(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], None]:
    """From the call on, the tests run as somebody who trusts nothing."""

    def become() -> None:
        monkeypatch.setenv("MODELPACK_HOME", str(tmp_path_factory.mktemp("stranger")))

    return become

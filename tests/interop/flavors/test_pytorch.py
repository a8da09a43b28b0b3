"""Real MLflow loads PyTorch models that modelpack saved, and the other way round, with the same predictions."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

import modelpack
from modelpack.errors import TrustError

RunMLflow = Callable[..., Any]
RunAfresh = Callable[..., Any]

ROWS = np.linspace(-1, 1, 21, dtype="float32").reshape(7, 3)
FRAME = pd.DataFrame(ROWS, columns=["a", "b", "c"])

LOAD = """
import json, sys, warnings, numpy as np, pandas as pd, torch, mlflow.pyfunc, mlflow.pytorch
rows = np.array(json.loads(sys.argv[2]), dtype="float32")
data = pd.DataFrame(rows, columns=["a", "b", "c"]) if sys.argv[3] == "frame" else rows
answer = mlflow.pyfunc.load_model(sys.argv[1]).predict(data)
native = mlflow.pytorch.load_model(sys.argv[1], **({} if sys.argv[4] == "pt2" else {"weights_only": False}))
with torch.no_grad():
    direct = native(torch.from_numpy(rows))
print(json.dumps([type(answer).__name__, np.asarray(answer).tolist(), direct.numpy().tolist()]))
"""

SAVE = """
import json, sys, numpy as np, torch, mlflow.pytorch, pandas as pd
from mlflow.models import infer_signature
torch.manual_seed(1)
layers = torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4), torch.nn.GELU(), torch.nn.Linear(4, 2)
model = torch.nn.Sequential(*layers).eval()
class Own(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = model
    def forward(self, rows):
        return self.inner(rows) + 1
rows = np.array(json.loads(sys.argv[2]), dtype="float32")
frame = pd.DataFrame(rows, columns=["a", "b", "c"])
with torch.no_grad():
    expected, own = model(torch.from_numpy(rows)).numpy(), Own()(torch.from_numpy(rows)).numpy()
save = lambda name, model, **options: mlflow.pytorch.save_model(
    model, f"{sys.argv[1]}/{name}", pip_requirements=["torch"], **options
)
save("pt2", model, input_example=rows[:2], serialization_format="pt2")
save("pickle", model, serialization_format="pickle")
save("pickle-signed", model, serialization_format="pickle", signature=infer_signature(frame, expected))
save("pickle-of-main", Own().eval(), serialization_format="pickle")
print(json.dumps({"others": expected.tolist(), "pickle-of-main": own.tolist()}))
"""

PREDICT = """
import json, sys, numpy as np, modelpack.pyfunc
rows = np.array(json.loads(sys.argv[2]), dtype="float32")
print(json.dumps(modelpack.pyfunc.load_model(sys.argv[1], trust=True).predict(rows).tolist()))
"""


@pytest.fixture(autouse=True)
def modelpack_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """A trust store of its own for every test."""
    monkeypatch.setenv("MODELPACK_HOME", str(tmp_path_factory.mktemp("home")))


def network() -> torch.nn.Module:
    """A small network in evaluation mode."""
    torch.manual_seed(0)
    layers = [
        torch.nn.Linear(3, 4),
        torch.nn.BatchNorm1d(4),
        torch.nn.ReLU(),
        torch.nn.Dropout(),
        torch.nn.Linear(4, 2),
    ]
    return torch.nn.Sequential(*layers).eval()


def expected(model: torch.nn.Module) -> Any:
    """What it answers by itself."""
    with torch.no_grad():
        return model(torch.from_numpy(ROWS)).numpy()


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "example"), [("ndarray", ROWS), ("frame", FRAME)], ids=["array", "frame"])
def test_mlflow_reads_our_programs(kind: str, example: Any, tmp_path: Path, run_mlflow: RunMLflow) -> None:
    """As we save by default, with nothing allowed: a frame for a frame, an array for an array."""
    modelpack.save_model(network(), tmp_path / "model", input_example=example[:1])
    name, answer, native = run_mlflow(LOAD, tmp_path / "model", json.dumps(ROWS.tolist()), kind, "pt2")
    assert name == {"frame": "DataFrame", "ndarray": "ndarray"}[kind]
    np.testing.assert_allclose(answer, expected(network()), rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(native, expected(network()), rtol=1e-6, atol=1e-6)
    ours = modelpack.pyfunc.load_model(tmp_path / "model").predict(FRAME if kind == "frame" else ROWS)
    assert type(ours).__name__ == name
    np.testing.assert_allclose(ours, answer, rtol=1e-6, atol=1e-6)


@pytest.mark.slow
def test_mlflow_reads_our_pickles(tmp_path: Path, run_mlflow: RunMLflow) -> None:
    """By the name of its own pickle module."""
    modelpack.save_model(network(), tmp_path / "model", serialization_format="pickle")
    _, answer, native = run_mlflow(LOAD, tmp_path / "model", json.dumps(ROWS.tolist()), "ndarray", "pickle")
    np.testing.assert_allclose(answer, expected(network()), rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(native, expected(network()), rtol=1e-6, atol=1e-6)


@pytest.fixture(scope="module")
def written(run_mlflow: RunMLflow, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """Models that MLflow writes right now, with what they predict there."""
    folder = tmp_path_factory.mktemp("written")
    return folder, run_mlflow(SAVE, folder, json.dumps(ROWS.tolist()))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["pt2", "pickle", "pickle-signed", "pickle-of-main"])
def test_we_read_mlflow(name: str, written: tuple[Path, dict[str, Any]]) -> None:
    """Programs by anyone, pickles by whoever trusts them."""
    folder, told = written
    if name != "pt2":
        with pytest.raises(TrustError, match="pickle"):
            modelpack.load_model(folder / name)
    model = modelpack.pyfunc.load_model(folder / name, trust=name != "pt2")
    answer = model.predict(FRAME if name == "pickle-signed" else ROWS)
    np.testing.assert_allclose(answer, told.get(name, told["others"]), rtol=1e-6, atol=1e-6)


@pytest.mark.slow
def test_another_process_reads_mlflow(written: tuple[Path, dict[str, Any]], run_afresh: RunAfresh) -> None:
    """Nothing of this process is needed for a class that was defined in MLflow's `__main__`."""
    folder, told = written
    answer = run_afresh(PREDICT, folder / "pickle-of-main", json.dumps(ROWS.tolist()))
    np.testing.assert_allclose(answer, told["pickle-of-main"], rtol=1e-6, atol=1e-6)

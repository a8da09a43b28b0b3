"""The conformance kit of modelpack, for PyTorch."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import cloudpickle
import numpy as np
import pandas as pd
import torch

from modelpack.testing import FlavorCase, FlavorTests, RecordedModel

RECORDED = Path(__file__).parent / "recorded"
cloudpickle.register_pickle_by_value(sys.modules[__name__])  # another interpreter finds no test module


def table() -> pd.DataFrame:
    """Numbers of two types."""
    return pd.DataFrame({"age": [20.0, 30.5, 41.0, 65.5], "rooms": [1, 2, 3, 4], "floor": [0.0, -1.0, 2.5, 7.0]})


def array() -> Any:
    """Rows without names."""
    return np.linspace(-2, 2, 15, dtype="float32").reshape(5, 3)


def named() -> dict[str, Any]:
    """Two inputs."""
    return {
        "tokens": np.arange(12).reshape(4, 3) % 7,
        "features": np.linspace(0, 1, 8, dtype="float32").reshape(4, 2),
    }


def network() -> torch.nn.Module:
    """A small network."""
    torch.manual_seed(0)
    layers = [
        torch.nn.Linear(3, 8),
        torch.nn.BatchNorm1d(8),
        torch.nn.GELU(),
        torch.nn.Dropout(),
        torch.nn.Linear(8, 2),
    ]
    return torch.nn.Sequential(*layers).eval()


class TwoInputs(torch.nn.Module):  # type: ignore[misc]  # PyTorch is not installed where types are checked
    """Takes two tensors, answers several."""

    def __init__(self) -> None:
        """Two layers."""
        super().__init__()
        self.words = torch.nn.Embedding(7, 4)
        self.head = torch.nn.Linear(6, 2)

    def forward(self, tokens: Any, features: Any) -> dict[str, Any]:
        """Scores, and what they are made of."""
        hidden = torch.cat([self.words(tokens).mean(1), features], 1)
        return {"scores": self.head(hidden), "hidden": (hidden, hidden.sum(1))}


class Scaled(torch.nn.Module):  # type: ignore[misc]  # PyTorch is not installed where types are checked
    """A module whose `forward` takes a param."""

    def __init__(self) -> None:
        """One layer."""
        super().__init__()
        self.layer = torch.nn.Linear(3, 1)

    def forward(self, rows: Any, scale: float = 1.0) -> Any:
        """The layer, scaled."""
        return self.layer(rows) * scale


def program() -> Any:
    """A network, exported: the type as which a module comes back from a `.pt2`."""
    batch = torch.export.Dim("batch")
    return torch.export.export(network(), (torch.zeros(2, 3),), dynamic_shapes=({0: batch},)).module()


def program_of_two() -> Any:
    """An exported module of two inputs and several outputs."""
    torch.manual_seed(0)
    batch = torch.export.Dim("batch")
    example = (torch.zeros(2, 3, dtype=torch.int64), torch.zeros(2, 2))
    return torch.export.export(TwoInputs().eval(), example, dynamic_shapes=({0: batch}, {0: batch})).module()


def linear() -> Any:
    """One of PyTorch's own modules, in half precision."""
    torch.manual_seed(0)
    return torch.nn.Linear(3, 2, dtype=torch.bfloat16).eval()


def scaled() -> Any:
    """A module with a param."""
    torch.manual_seed(0)
    return Scaled().eval()


def call(model: Any, rows: Any, **params: Any) -> Any:
    """The module, called by hand; for a frame, as a frame under its index (S68)."""
    with torch.no_grad():
        answer = model(torch.from_numpy(np.array(rows, dtype="float32")), **params).float().numpy()
    return pd.DataFrame(answer, index=rows.index) if hasattr(rows, "columns") else answer


def call_in_half(model: Any, rows: Any) -> Any:
    """The module in half precision, called by hand."""
    with torch.no_grad():
        return model(torch.from_numpy(np.array(rows)).bfloat16()).float().numpy()


def call_named(model: Any, rows: dict[str, Any]) -> dict[str, Any]:
    """The module of two inputs, called by hand."""
    with torch.no_grad():
        found = model(torch.from_numpy(rows["tokens"].copy()), torch.from_numpy(rows["features"].copy()))
    first, second = found["hidden"]
    return {"scores": found["scores"].numpy(), "hidden.0": first.numpy(), "hidden.1": second.numpy()}


def recorded(path: Path) -> RecordedModel:
    """A model that MLflow wrote, with what it predicted there."""
    told = json.loads((path / "expected.json").read_text(encoding="utf-8"))
    rows: Any = told["rows"]
    rows = pd.DataFrame(**rows) if isinstance(rows, dict) else np.array(rows, dtype="float32")
    return RecordedModel(name=path.name, path=path, inputs=rows, expected=told["predictions"], tolerance=1e-6)


class TestPytorch(FlavorTests):
    """The flavor does what every flavor does; a matrix has no names for its columns."""

    flavor = "pytorch"
    library = "torch"
    distribution = "torch"
    supports_params = True
    knows_columns = False
    cases = (
        FlavorCase(name="program on a frame", build=program, inputs=table, predict=call, tolerance=1e-6),
        FlavorCase(
            name="program of two inputs", build=program_of_two, inputs=named, predict=call_named, tolerance=1e-6
        ),
        FlavorCase(
            name="module with a param by cloudpickle",
            build=scaled,
            inputs=array,
            predict=call,
            options={"serialization_format": "pickle"},
            params={"scale": 1.0},
            other_params={"scale": 3.0},
            executes_code=True,
            tolerance=1e-6,
        ),
        FlavorCase(
            name="half precision by safetensors",
            build=linear,
            inputs=array,
            predict=call_in_half,
            options={"serialization_format": "safetensors", "model_arguments": {"in_features": 3, "out_features": 2}},
            tolerance=1e-6,
        ),
    )
    wrong_models = (object(), "a text", {"a": "mapping"}, 42, torch.nn.Linear, torch.zeros(3))
    recorded_models = tuple(recorded(path.parent) for path in sorted(RECORDED.glob("*/MLmodel")))

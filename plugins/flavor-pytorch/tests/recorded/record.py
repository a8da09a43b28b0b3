"""Write the recorded models with real MLflow: `python record.py` in an environment with mlflow and torch.

Each directory holds what `mlflow.pytorch.save_model` wrote, and `expected.json`: rows, and what MLflow predicted. The
places of source files on the recording machine, which stand in exported programs as `stack_trace`, are left out.
"""

from __future__ import annotations

import json
import shutil
import warnings
from pathlib import Path
from typing import Any

import mlflow.pyfunc
import mlflow.pytorch
import numpy as np
import pandas as pd
import torch
from mlflow.models import infer_signature
from torch.export.pt2_archive import PT2ArchiveReader, PT2ArchiveWriter

HERE = Path(__file__).parent
ROWS = np.linspace(-1, 1, 15, dtype="float32").reshape(5, 3)
FRAME = pd.DataFrame(ROWS, columns=["a", "b", "c"])


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


def record(name: str, model: Any, rows: Any, **options: Any) -> None:
    """Save one model, and note what it predicts."""
    path = HERE / f"mlflow-3-{name}"
    shutil.rmtree(path, ignore_errors=True)
    mlflow.pytorch.save_model(model, path, pip_requirements=["torch"], **options)
    for program in path.glob("data/*.pt2"):
        without_places(program)
    predictions = np.asarray(mlflow.pyfunc.load_model(str(path)).predict(rows)).tolist()
    told = rows.to_dict(orient="split") if isinstance(rows, pd.DataFrame) else rows.tolist()
    (path / "expected.json").write_text(json.dumps({"rows": told, "predictions": predictions}), encoding="utf-8")


def without_places(path: Path) -> None:
    """Write an exported program again without the stack traces of its nodes."""
    reader = PT2ArchiveReader(str(path))
    contents = {name: reader.read_bytes(name) for name in reader.get_file_names() if not name.startswith((".", "b"))}
    program = json.loads(contents["models/model.json"])
    for node in program["graph_module"]["graph"]["nodes"]:
        node["metadata"].pop("stack_trace", None)
    contents["models/model.json"] = json.dumps(program).encode()
    with PT2ArchiveWriter(str(path)) as writer:
        for name, content in contents.items():
            writer.write_bytes(name, content)


def main() -> None:
    """Write them all."""
    model = network()
    signature = infer_signature(FRAME, model(torch.from_numpy(ROWS)).detach().numpy())
    record("pt2", model, ROWS, input_example=ROWS[:2], serialization_format="pt2")
    record("pt2-one-row", model, ROWS[:1], input_example=ROWS[:1], serialization_format="pt2")
    record("pickle", model, ROWS, serialization_format="pickle")
    record("pickle-signed", model, FRAME, serialization_format="pickle", signature=signature)
    record("torchscript", torch.jit.script(model), ROWS, serialization_format="pickle")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()

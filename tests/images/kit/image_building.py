"""Models of several kinds, and what builds their images with the engine of the tests."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from docker_engine import PROGRAM, DockerEngine

import modelpack
from modelpack.images import BuiltImage, EngineOptions, ImageOptions, build_image
from modelpack.pyfunc import PythonModel


@dataclass(frozen=True, slots=True)
class SavedModel:
    """A model directory, rows for it, and what it predicts for them here."""

    path: Path
    rows: dict[str, Any]
    predictions: list[Any]


def save_models(directory: Path) -> dict[str, SavedModel]:
    """Save a model of each kind."""
    from sklearn.datasets import load_iris
    from sklearn.linear_model import LogisticRegression
    from xgboost import XGBClassifier

    inputs, kinds = load_iris(return_X_y=True, as_frame=True)
    rows = pd.DataFrame({"a": [1.5, 2.0], "seconds": [0.0, 0.0]})
    return {
        "sklearn": _saved(LogisticRegression(max_iter=500).fit(inputs, kinds), inputs[::50], directory / "sklearn"),
        "xgboost": _saved(XGBClassifier(n_estimators=5).fit(inputs, kinds), inputs[::50], directory / "xgboost"),
        "python": _saved(slow_model(5.0), rows, directory / "python"),
    }


def slow_model(number: float) -> PythonModel:
    """A model that adds a number after a while, which the column `seconds` says; its class is pickled with it."""

    class Slow(PythonModel):
        def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:  # noqa: ARG002 - the protocol
            import time

            time.sleep(float(model_input["seconds"].max()))
            return model_input["a"] + number

    return Slow()


def save_slow(number: float, path: Path) -> Path:
    """Save another custom model, which runs code when it is loaded."""
    rows = pd.DataFrame({"a": [1.0], "seconds": [0.0]})
    return _saved(slow_model(number), rows, path).path


def _saved(model: Any, rows: pd.DataFrame, path: Path) -> SavedModel:
    save: Any = modelpack.pyfunc.save_model if isinstance(model, PythonModel) else modelpack.save_model
    named = {"python_model": model, "path": path} if isinstance(model, PythonModel) else {"model": model, "path": path}
    save(**named, signature=modelpack.infer_signature(rows), input_example=rows)
    predictions = modelpack.pyfunc.load_model(path).predict(rows)
    return SavedModel(path, rows.to_dict("split", index=False), pd.Series(predictions).tolist())


class Builder:
    """Builds images by the engine of the tests; the one thing that is theirs is the network of the build."""

    def __init__(self, engine: DockerEngine) -> None:
        """Build with an engine."""
        self.engine = engine

    def build(self, model: Path, tag: str, *, secrets: tuple[str, ...] = (), **options: Any) -> BuiltImage:
        """Build the image of a model that the test has made, and therefore trusts."""
        engine = EngineOptions(engine=PROGRAM, arguments=("--network", "host"), secrets=secrets)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("DOCKER_HOST", self.engine.host)
            return build_image(model, tag, options=ImageOptions(trust=str(model), **options), engine=engine)

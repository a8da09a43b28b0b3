"""Scores the files of a batch job with modelpack: one line of CSV for each row, in the order of the files."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from modelpack.batch.scoring import score_file
from modelpack.pyfunc.load import load_model
from modelpack.serving.container.location import model_location

if TYPE_CHECKING:
    from modelpack.pyfunc.model import PyFuncModel

_models: list[PyFuncModel] = []


def init() -> None:
    """Load the model that Azure has mounted."""
    _models.append(load_model(model_location(os.environ)))


def run(mini_batch: list[str]) -> list[str]:
    """The lines that Azure appends to the file of predictions. What fails here counts as so many failed files."""
    lines: list[str] = []
    for path in mini_batch:
        with tempfile.TemporaryDirectory() as scratch:
            predictions = Path(scratch, "predictions.csv")
            content_type = os.environ["MODELPACK_CONTENT_TYPE"]
            score_file(_models[-1], path, predictions, content_type=content_type, header=False)
            lines.extend(predictions.read_text(encoding="utf-8").splitlines())
    return lines

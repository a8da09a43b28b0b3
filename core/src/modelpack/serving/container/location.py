"""Where a container's model lies."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from modelpack.errors import InvalidArgumentError, NotFoundError
from modelpack.schema.mlmodel import FILE_NAME

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

USUAL = Path("/opt/ml/model")
"""Where an image has its model, SageMaker unpacks it and others mount it."""

_NAMED = "MODELPACK_MODEL"
_AZURE = "AZUREML_MODEL_DIR"
_DEEPEST = 4


def model_location(environ: Mapping[str, str], usual: Path = USUAL) -> str:
    """The model directory or URI that `MODELPACK_MODEL` names; else the model in `AZUREML_MODEL_DIR`, or the usual one.

    Azure ML puts the model's directory into another one, and archives for SageMaker are made in either way: below a
    directory, the one model is found.

    Args:
        environ: The variables.
        usual: Where the model is if no variable tells.

    Raises:
        NotFoundError: There is no model.
        InvalidArgumentError: There are several.
    """
    if environ.get(_NAMED):
        return environ[_NAMED]
    top = Path(environ[_AZURE]) if environ.get(_AZURE) else usual
    found = list(_models(top, _DEEPEST))
    if not found:
        raise NotFoundError(
            f"there is no model in {top}: no file {FILE_NAME} was found",
            hint=f"mount the model directory there, or say with {_NAMED} where it is",
        )
    if len(found) > 1:
        raise InvalidArgumentError(
            f"there are several models in {top}: {', '.join(sorted(map(str, found)))}",
            hint=f"say with {_NAMED} which to serve",
        )
    return str(found[0])


def _models(directory: Path, depth: int) -> Iterator[Path]:
    """The model directories at and below a directory; nothing is looked for inside of a model."""
    if (directory / FILE_NAME).is_file():
        yield directory
    elif depth:
        try:
            inner = sorted(entry.path for entry in os.scandir(directory) if entry.is_dir())
        except OSError:
            return
        for path in inner:
            yield from _models(Path(path), depth - 1)

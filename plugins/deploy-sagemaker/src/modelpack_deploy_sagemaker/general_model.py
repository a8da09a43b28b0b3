"""A model whose environment is that of this machine, for an image that serves whatever is mounted (S137)."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, distribution, entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.requirements import Requirement

from modelpack.pyfunc import PythonModel, save_model

if TYPE_CHECKING:
    from collections.abc import Iterator

GROUP = "modelpack.flavors"
_CORE = "modelpack-core"


class Echo(PythonModel):
    """Stands for the models that the image will serve; it is never served itself."""

    def predict(self, context: Any, model_input: Any) -> Any:  # noqa: ARG002 - the contract of a PythonModel
        """Answer the input."""
        return model_input


def installed_requirements() -> list[str]:
    """The flavors that are installed here with their libraries, at their versions."""
    names = {point.dist.name for point in entry_points(group=GROUP) if point.dist is not None} - {_CORE}
    libraries = {library for name in names for library in _libraries(name)}
    return sorted(f"{name}=={distribution(name).version}" for name in {*libraries, *names, "pandas"})


@contextmanager
def saved_general_model() -> Iterator[Path]:
    """The model directory, for as long as it is needed."""
    with tempfile.TemporaryDirectory(prefix="modelpack-general-") as scratch:
        path = Path(scratch, "model")
        save_model(path, python_model=Echo(), pip_requirements=installed_requirements())
        yield path


def _libraries(name: str) -> Iterator[str]:
    """What a flavor needs and is installed, but for modelpack itself."""
    for line in distribution(name).requires or ():
        required = Requirement(line)
        if required.name == _CORE or (required.marker is not None and not required.marker.evaluate({"extra": ""})):
            continue
        try:
            yield distribution(required.name).name
        except PackageNotFoundError:
            continue

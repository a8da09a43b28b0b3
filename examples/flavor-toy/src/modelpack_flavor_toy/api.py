"""`save_model`, `log_model` and `load_model`, as MLflow's module of a flavor has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

from modelpack.flavor_functions import FlavorFunctions

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from modelpack import ModelInfo
    from modelpack.flavor_functions import LogArguments, SaveArguments

_functions = FlavorFunctions("toy")
load_model = _functions.load


def save_model(
    toy_model: Any,
    path: str | os.PathLike[str],
    conda_env: str | os.PathLike[str] | Mapping[str, Any] | None = None,
    *,
    file_name: str = "model.json",
    **arguments: Unpack[SaveArguments],
) -> ModelInfo:
    """Save a model as a model directory.

    Args:
        toy_model: The model.
        path: The directory to make.
        conda_env: A conda environment, as a mapping or a file.
        file_name: What the file is called.
        **arguments: What every flavor takes, see `SaveArguments`.
    """
    return _functions.save(
        toy_model,
        path,
        conda_env=conda_env,
        file_name=file_name,
        **arguments,
    )


def log_model(
    toy_model: Any,
    artifact_path: str | None = None,
    conda_env: str | os.PathLike[str] | Mapping[str, Any] | None = None,
    *,
    name: str | None = None,
    file_name: str = "model.json",
    **arguments: Unpack[LogArguments],
) -> ModelInfo:
    """Save a model into the active run; arguments as in `save_model`."""
    return _functions.log(
        toy_model,
        artifact_path,
        name=name,
        conda_env=conda_env,
        file_name=file_name,
        **arguments,
    )


def get_default_conda_env() -> dict[str, Any]:
    """The conda environment that is saved when none is given."""
    from modelpack.flavor_functions import default_conda_env

    return default_conda_env("modelpack-flavor-toy")

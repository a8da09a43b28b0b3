"""`save_model`, `log_model` and `load_model`, as MLflow's module of a flavor has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

from modelpack.flavor_functions import FlavorFunctions

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from modelpack import ModelInfo
    from modelpack.flavor_functions import LogArguments, SaveArguments

_functions = FlavorFunctions("statsmodels")
load_model = _functions.load


def save_model(
    statsmodels_model: Any,
    path: str | os.PathLike[str],
    conda_env: str | os.PathLike[str] | Mapping[str, Any] | None = None,
    *,
    remove_data: bool = False,
    **arguments: Unpack[SaveArguments],
) -> ModelInfo:
    """Save a model as a model directory.

    Args:
        statsmodels_model: The results of a fit.
        path: The directory to make.
        conda_env: A conda environment, as a mapping or a file.
        remove_data: Whether to save without the rows that the model was fitted to.
        **arguments: What every flavor takes, see `SaveArguments`.
    """
    return _functions.save(
        statsmodels_model,
        path,
        conda_env=conda_env,
        remove_data=remove_data,
        **arguments,
    )


def log_model(
    statsmodels_model: Any,
    artifact_path: str | None = None,
    conda_env: str | os.PathLike[str] | Mapping[str, Any] | None = None,
    *,
    name: str | None = None,
    remove_data: bool = False,
    **arguments: Unpack[LogArguments],
) -> ModelInfo:
    """Save a model into the active run; arguments as in `save_model`."""
    return _functions.log(
        statsmodels_model,
        artifact_path,
        name=name,
        conda_env=conda_env,
        remove_data=remove_data,
        **arguments,
    )


def get_default_conda_env() -> dict[str, Any]:
    """The conda environment that is saved when none is given."""
    from modelpack.flavor_functions import default_conda_env

    return default_conda_env("statsmodels")

"""`save_model`, `log_model` and `load_model` with the argument names of MLflow's catboost module."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

from modelpack.flavor_functions import FlavorFunctions

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from modelpack import ModelInfo
    from modelpack.flavor_functions import LogArguments, SaveArguments

_functions = FlavorFunctions("catboost")
load_model = _functions.load


def save_model(
    cb_model: Any,
    path: str | os.PathLike[str],
    conda_env: str | os.PathLike[str] | Mapping[str, Any] | None = None,
    *,
    format: str = "cbm",  # noqa: A002 - the name that CatBoost and MLflow have for it
    **arguments: Unpack[SaveArguments],
) -> ModelInfo:
    """Save a CatBoost model as a model directory.

    Args:
        cb_model: The `CatBoost`, `CatBoostClassifier`, `CatBoostRegressor` or `CatBoostRanker`, fitted.
        path: The directory to make.
        conda_env: A conda environment, as a mapping or a file.
        format: `cbm`, which is exact, or `json`, which other programs read.
        **arguments: What every flavor takes, see `SaveArguments`.

    Returns:
        What was saved, and where.

    Raises:
        AlreadyExistsError: There is something at `path`.
        InvalidArgumentError: An argument cannot be used, or the model is none; nothing was written.
    """
    return _functions.save(cb_model, path, conda_env=conda_env, format=format, **arguments)


def log_model(
    cb_model: Any,
    artifact_path: str | None = None,
    conda_env: str | os.PathLike[str] | Mapping[str, Any] | None = None,
    *,
    name: str | None = None,
    format: str = "cbm",  # noqa: A002 - as above
    **arguments: Unpack[LogArguments],
) -> ModelInfo:
    """Save a CatBoost model into the active run, starting one when none is; arguments as in `save_model`.

    Returns:
        What was saved; its `model_uri` loads the model again.
    """
    return _functions.log(cb_model, artifact_path, name=name, conda_env=conda_env, format=format, **arguments)


def get_default_conda_env() -> dict[str, Any]:
    """The conda environment that is saved when none is given."""
    from modelpack.flavor_functions import default_conda_env

    return default_conda_env("catboost")

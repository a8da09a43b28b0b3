"""`save_model`, `log_model` and `load_model` with the argument names of MLflow's xgboost module."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

from modelpack.flavor_functions import FlavorFunctions

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from modelpack import ModelInfo
    from modelpack.flavor_functions import LogArguments, SaveArguments

_functions = FlavorFunctions("xgboost")
load_model = _functions.load


def save_model(
    xgb_model: Any,
    path: str | os.PathLike[str],
    conda_env: str | os.PathLike[str] | Mapping[str, Any] | None = None,
    *,
    model_format: str = "ubj",
    **arguments: Unpack[SaveArguments],
) -> ModelInfo:
    """Save a booster or an estimator of XGBoost's scikit-learn API as a model directory.

    Args:
        xgb_model: The model.
        path: The directory to make.
        conda_env: A conda environment, as a mapping or a file.
        model_format: `ubj` or `json`; both are exact.
        **arguments: What every flavor takes, see `SaveArguments`.

    Returns:
        What was saved, and where.

    Raises:
        AlreadyExistsError: There is something at `path`.
        InvalidArgumentError: An argument cannot be used, or the model is none of XGBoost's; nothing was written.
    """
    return _functions.save(xgb_model, path, conda_env=conda_env, model_format=model_format, **arguments)


def log_model(
    xgb_model: Any,
    artifact_path: str | None = None,
    conda_env: str | os.PathLike[str] | Mapping[str, Any] | None = None,
    *,
    name: str | None = None,
    model_format: str = "ubj",
    **arguments: Unpack[LogArguments],
) -> ModelInfo:
    """Save a model into the active run, starting one when none is; arguments as in `save_model`.

    Returns:
        What was saved; its `model_uri` loads the model again.
    """
    return _functions.log(
        xgb_model, artifact_path, name=name, conda_env=conda_env, model_format=model_format, **arguments
    )


def get_default_conda_env() -> dict[str, Any]:
    """The conda environment that is saved when none is given."""
    from modelpack.flavor_functions import default_conda_env
    from modelpack_flavor_xgboost.library import distribution

    return default_conda_env(distribution())

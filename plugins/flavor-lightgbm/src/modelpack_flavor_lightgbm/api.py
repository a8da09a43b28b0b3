"""`save_model`, `log_model` and `load_model` with the argument names of MLflow's lightgbm module."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

from modelpack.flavor_functions import FlavorFunctions

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from modelpack import ModelInfo
    from modelpack.flavor_functions import LogArguments, SaveArguments

_functions = FlavorFunctions("lightgbm")
load_model = _functions.load


def save_model(
    lgb_model: Any,
    path: str | os.PathLike[str],
    conda_env: str | os.PathLike[str] | Mapping[str, Any] | None = None,
    *,
    serialization_format: str | None = None,
    **arguments: Unpack[SaveArguments],
) -> ModelInfo:
    """Save a booster or an estimator of LightGBM's scikit-learn API as a model directory.

    Args:
        lgb_model: The model.
        path: The directory to make.
        conda_env: A conda environment, as a mapping or a file.
        serialization_format: For estimators: `skops`, `cloudpickle` or `pickle`; None is skops where it holds the
            model, and otherwise cloudpickle with a warning.
        **arguments: What every flavor takes, see `SaveArguments`.

    Returns:
        What was saved, and where.

    Raises:
        AlreadyExistsError: There is something at `path`.
        InvalidArgumentError: An argument cannot be used, or the model is none of LightGBM's; nothing was written.
    """
    return _functions.save(lgb_model, path, conda_env=conda_env, serialization_format=serialization_format, **arguments)


def log_model(
    lgb_model: Any,
    artifact_path: str | None = None,
    conda_env: str | os.PathLike[str] | Mapping[str, Any] | None = None,
    *,
    name: str | None = None,
    serialization_format: str | None = None,
    **arguments: Unpack[LogArguments],
) -> ModelInfo:
    """Save a model into the active run, starting one when none is; arguments as in `save_model`.

    Returns:
        What was saved; its `model_uri` loads the model again.
    """
    options: dict[str, Any] = {"conda_env": conda_env, "serialization_format": serialization_format}
    return _functions.log(lgb_model, artifact_path, name=name, **arguments, **options)


def get_default_conda_env(*, include_cloudpickle: bool = False, include_skops: bool = False) -> dict[str, Any]:
    """The conda environment that is saved when none is given.

    Args:
        include_cloudpickle: With what reads the format `cloudpickle`.
        include_skops: With what reads the format `skops`.
    """
    from modelpack.flavor_functions import default_conda_env

    return default_conda_env("lightgbm", *["cloudpickle"] * include_cloudpickle, *["skops"] * include_skops)

"""`save_model`, `log_model` and `load_model` with the argument names of MLflow's h2o module (S81, S82)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

from modelpack.flavor_functions import FlavorFunctions

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from modelpack import ModelInfo
    from modelpack.flavor_functions import LogArguments, SaveArguments

_functions = FlavorFunctions("h2o")
load_model = _functions.load


def save_model(
    h2o_model: Any,
    path: str | os.PathLike[str],
    conda_env: str | os.PathLike[str] | Mapping[str, Any] | None = None,
    *,
    settings: Mapping[str, Any] | None = None,
    **arguments: Unpack[SaveArguments],
) -> ModelInfo:
    """Save a model of H2O, and its MOJO where H2O exports one, as a model directory.

    Args:
        h2o_model: A trained model of the cluster that this process is connected to, such as an estimator.
        path: The directory to make.
        conda_env: A conda environment, as a mapping or a file.
        settings: What else stands in `h2o.yaml`; `init` is a mapping of arguments of `h2o.init`, with which H2O is
            started where the model is loaded and none is running.
        **arguments: What every flavor takes, see `SaveArguments`.

    Returns:
        What was saved, and where.

    Raises:
        AlreadyExistsError: There is something at `path`.
        InvalidArgumentError: An argument cannot be used, or the model is no trained one; nothing was written.
        ModelFailureError: H2O cannot be reached, or cannot write the model.
    """
    return _functions.save(h2o_model, path, conda_env=conda_env, settings=settings, **arguments)


def log_model(
    h2o_model: Any,
    artifact_path: str | None = None,
    conda_env: str | os.PathLike[str] | Mapping[str, Any] | None = None,
    *,
    name: str | None = None,
    settings: Mapping[str, Any] | None = None,
    **arguments: Unpack[LogArguments],
) -> ModelInfo:
    """Save a model into the active run, starting one when none is; arguments as in `save_model`.

    Returns:
        What was saved; its `model_uri` loads the model again.
    """
    return _functions.log(h2o_model, artifact_path, name=name, conda_env=conda_env, settings=settings, **arguments)


def get_default_conda_env() -> dict[str, Any]:
    """The conda environment that is saved when none is given."""
    from modelpack.flavor_functions import default_conda_env

    return default_conda_env("h2o")

"""`save_model`, `log_model` and `load_model` with the argument names of MLflow's keras module (S69 to S72)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

from modelpack.errors import InvalidArgumentError
from modelpack.flavor_functions import FlavorFunctions

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from modelpack import ModelInfo
    from modelpack.flavor_functions import LogArguments, SaveArguments

_functions = FlavorFunctions("keras")
load_model = _functions.load


def save_model(
    model: Any,
    path: str | os.PathLike[str],
    conda_env: str | os.PathLike[str] | Mapping[str, Any] | None = None,
    *,
    custom_objects: Mapping[str, Any] | None = None,
    save_format: str = "keras",
    save_exported_model: bool = False,
    save_model_kwargs: Mapping[str, Any] | None = None,
    **arguments: Unpack[SaveArguments],
) -> ModelInfo:
    """Save a model of Keras 3 as a model directory.

    Args:
        model: The model.
        path: The directory to make.
        conda_env: A conda environment, as a mapping or a file.
        custom_objects: Classes and functions of the model, to be pickled beside it; loading it then needs trust.
        save_format: `keras`, or `h5` for readers from before Keras 3.
        save_exported_model: False. MLflow's True exports a SavedModel, from which Keras makes no model again.
        save_model_kwargs: `include_optimizer`, as `keras.Model.save` takes it.
        **arguments: What every flavor takes, see `SaveArguments`.

    Returns:
        What was saved, and where.

    Raises:
        AlreadyExistsError: There is something at `path`.
        InvalidArgumentError: An argument cannot be used, or the model is none of Keras 3; nothing was written.
    """
    options = _options(custom_objects, save_format, save_model_kwargs, is_exported=save_exported_model)
    return _functions.save(model, path, conda_env=conda_env, **arguments, **options)


def log_model(
    model: Any,
    artifact_path: str | None = None,
    conda_env: str | os.PathLike[str] | Mapping[str, Any] | None = None,
    *,
    name: str | None = None,
    custom_objects: Mapping[str, Any] | None = None,
    save_format: str = "keras",
    save_exported_model: bool = False,
    save_model_kwargs: Mapping[str, Any] | None = None,
    **arguments: Unpack[LogArguments],
) -> ModelInfo:
    """Save a model into the active run, starting one when none is; arguments as in `save_model`.

    Returns:
        What was saved; its `model_uri` loads the model again.
    """
    options = _options(custom_objects, save_format, save_model_kwargs, is_exported=save_exported_model)
    return _functions.log(model, artifact_path, name=name, conda_env=conda_env, **arguments, **options)


def get_default_conda_env() -> dict[str, Any]:
    """The conda environment that is saved when none is given: Keras, on the backend that runs."""
    from modelpack.flavor_functions import default_conda_env
    from modelpack_flavor_keras import backends

    running = backends.import_keras(None).backend.backend()
    return default_conda_env("keras", *backends.distributions(running))


def _options(
    custom_objects: Mapping[str, Any] | None,
    save_format: str,
    save_model_kwargs: Mapping[str, Any] | None,
    *,
    is_exported: bool,
) -> dict[str, Any]:
    if is_exported:
        raise InvalidArgumentError(
            "save_exported_model is True, and the keras flavor saves models that Keras can load again",
            hint="export the model with model.export(...), and save the SavedModel with modelpack-flavor-tensorflow",
        )
    objects = None if custom_objects is None else dict(custom_objects)
    return {"custom_objects": objects, "save_format": save_format, **(save_model_kwargs or {})}

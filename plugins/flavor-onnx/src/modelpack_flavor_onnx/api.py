"""`save_model`, `log_model` and `load_model` with the argument names of MLflow's onnx module."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

from modelpack.flavor_functions import FlavorFunctions

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    from modelpack import ModelInfo
    from modelpack.flavor_functions import LogArguments, SaveArguments
    from modelpack_flavor_onnx.settings import Provider

_functions = FlavorFunctions("onnx")
load_model = _functions.load


def save_model(
    onnx_model: Any,
    path: str | os.PathLike[str],
    conda_env: str | os.PathLike[str] | Mapping[str, Any] | None = None,
    *,
    onnx_execution_providers: Sequence[Provider] | None = None,
    onnx_session_options: Mapping[str, Any] | None = None,
    save_as_external_data: bool = True,
    **arguments: Unpack[SaveArguments],
) -> ModelInfo:
    """Save an ONNX model as a model directory.

    Args:
        onnx_model: The `onnx.ModelProto`.
        path: The directory to make.
        conda_env: A conda environment, as a mapping or a file.
        onnx_execution_providers: Where it shall run, in order of preference: names, or pairs of a name and options.
        onnx_session_options: `intra_op_num_threads`, `inter_op_num_threads`, `execution_mode`,
            `graph_optimization_level`, `extra_session_config`.
        save_as_external_data: Whether tensors of a kilobyte or more go into a file of their own.
        **arguments: What every flavor takes, see `SaveArguments`.

    Returns:
        What was saved, and where.

    Raises:
        AlreadyExistsError: There is something at `path`.
        InvalidArgumentError: An argument cannot be used, or the model is none; nothing was written.
    """
    options = _options(onnx_execution_providers, onnx_session_options, save_as_external_data)
    return _functions.save(onnx_model, path, conda_env=conda_env, **arguments, **options)


def log_model(
    onnx_model: Any,
    artifact_path: str | None = None,
    conda_env: str | os.PathLike[str] | Mapping[str, Any] | None = None,
    *,
    name: str | None = None,
    onnx_execution_providers: Sequence[Provider] | None = None,
    onnx_session_options: Mapping[str, Any] | None = None,
    save_as_external_data: bool = True,
    **arguments: Unpack[LogArguments],
) -> ModelInfo:
    """Save an ONNX model into the active run, starting one when none is; arguments as in `save_model`.

    Returns:
        What was saved; its `model_uri` loads the model again.
    """
    options = _options(onnx_execution_providers, onnx_session_options, save_as_external_data)
    return _functions.log(onnx_model, artifact_path, name=name, conda_env=conda_env, **arguments, **options)


def get_default_conda_env() -> dict[str, Any]:
    """The conda environment that is saved when none is given: onnx, and the ONNX Runtime that is installed."""
    from modelpack.flavor_functions import default_conda_env
    from modelpack_flavor_onnx.session import installed_runtime

    runtime = installed_runtime()
    return default_conda_env("onnx", *[] if runtime is None else [runtime])


def _options(
    onnx_execution_providers: Sequence[Provider] | None,
    onnx_session_options: Mapping[str, Any] | None,
    save_as_external_data: bool,  # noqa: FBT001 - of the functions above
) -> dict[str, Any]:
    return {
        "onnx_execution_providers": None if onnx_execution_providers is None else tuple(onnx_execution_providers),
        "onnx_session_options": None if onnx_session_options is None else dict(onnx_session_options),
        "save_as_external_data": save_as_external_data,
    }

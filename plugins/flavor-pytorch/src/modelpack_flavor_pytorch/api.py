"""`save_model`, `log_model` and `load_model` with the argument names of MLflow's pytorch module (S62 to S64)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from modelpack.errors import InvalidArgumentError
from modelpack.flavor_functions import FlavorFunctions, LogArguments, SaveArguments

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    from modelpack import ModelInfo

_functions = FlavorFunctions("pytorch")
load_model = _functions.load


class TorchArguments(TypedDict, total=False):
    """The flavor's own arguments that are the same for `save_model` and `log_model`.

    Attributes:
        serialization_format: `pt2`, `pickle`, `state_dict` or `safetensors`; None is pt2 where the module can be
            exported and answers the same, and pickle with a warning where not.
        export_model: MLflow's older way to say `serialization_format='pt2'`.
        model_class: For tensors alone, the class of the module or its name.
        model_arguments: What the class is called with when the model is loaded.
        pickle_protocol: The protocol of the pickle.
        device: Where the generic view runs when its caller does not say.
        extra_files: Paths or URIs of files to keep with the model.
        requirements_file: MLflow's older name for `pip_requirements` as a file.
    """

    serialization_format: str | None
    export_model: bool
    model_class: type | str | None
    model_arguments: Mapping[str, Any]
    pickle_protocol: int | None
    device: str | None
    extra_files: Sequence[str | os.PathLike[str]] | None
    requirements_file: str | os.PathLike[str] | None


class TorchSaveArguments(TorchArguments, SaveArguments, total=False):
    """What `save_model` takes by name."""


class TorchLogArguments(TorchArguments, LogArguments, total=False):
    """What `log_model` takes by name."""


def save_model(
    pytorch_model: Any,
    path: str | os.PathLike[str],
    conda_env: str | os.PathLike[str] | Mapping[str, Any] | None = None,
    *,
    pickle_module: Any = None,
    **arguments: Unpack[TorchSaveArguments],
) -> ModelInfo:
    """Save a module as a model directory.

    Args:
        pytorch_model: The module; it is left as it is, in its mode and on its device.
        path: The directory to make.
        conda_env: A conda environment, as a mapping or a file.
        pickle_module: What pickles the module; giving one asks for a pickle.
        **arguments: See `TorchArguments`, and `SaveArguments` for what every flavor takes. An `input_example` may also
            be a tensor, or a tuple of arrays and tensors, one for each argument of `forward`.

    Returns:
        What was saved, and where.

    Raises:
        AlreadyExistsError: There is something at `path`.
        InvalidArgumentError: An argument cannot be used, or the model is no module; nothing was written.
    """
    own = _translated(pytorch_model, dict(arguments))
    return _functions.save(pytorch_model, path, conda_env=conda_env, pickle_module=pickle_module, **own)


def log_model(
    pytorch_model: Any,
    artifact_path: str | None = None,
    conda_env: str | os.PathLike[str] | Mapping[str, Any] | None = None,
    *,
    name: str | None = None,
    pickle_module: Any = None,
    **arguments: Unpack[TorchLogArguments],
) -> ModelInfo:
    """Save a module into the active run, starting one when none is; arguments as in `save_model`.

    Returns:
        What was saved; its `model_uri` loads the model again.
    """
    own = _translated(pytorch_model, dict(arguments))
    return _functions.log(
        pytorch_model, artifact_path, name=name, conda_env=conda_env, pickle_module=pickle_module, **own
    )


def get_default_conda_env() -> dict[str, Any]:
    """The conda environment that is saved when none is given."""
    from modelpack.flavor_functions import default_conda_env

    return default_conda_env("torch", "cloudpickle")


def _translated(module: Any, arguments: dict[str, Any]) -> dict[str, Any]:
    """MLflow's older arguments by their present names, and the example in the form that core takes."""
    if arguments.pop("export_model", False):
        if arguments.get("serialization_format") == "pickle":
            raise InvalidArgumentError("export_model=True asks for pt2, and serialization_format is 'pickle'")
        arguments["serialization_format"] = "pt2"
    requirements = arguments.pop("requirements_file", None)
    if requirements is not None:
        if arguments.get("pip_requirements") is not None:
            raise InvalidArgumentError("requirements_file and pip_requirements are given", hint="give one of them")
        arguments["pip_requirements"] = requirements
    arguments["extra_files"] = tuple(arguments.get("extra_files") or ())
    if "input_example" in arguments:
        from modelpack_flavor_pytorch.examples import as_arrays

        arguments["input_example"] = as_arrays(module, arguments["input_example"])
    return arguments

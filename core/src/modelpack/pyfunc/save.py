"""Saving custom Python models: a class instance, or files with the module that loads them."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING, Any, TypeVar

from modelpack.errors import InvalidArgumentError

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    from modelpack.package.info import ModelInfo
    from modelpack.schema.mlmodel import MLmodel

    MLmodelT = TypeVar("MLmodelT", bound=MLmodel)

FLAVOR_NAME = "python_function"


def save_model(  # noqa: PLR0913 - the arguments of MLflow's function, in its order
    path: str | os.PathLike[str] | None = None,
    loader_module: str | None = None,
    data_path: str | os.PathLike[str] | None = None,
    code_path: Sequence[str | os.PathLike[str]] | None = None,
    conda_env: str | os.PathLike[str] | Mapping[str, Any] | None = None,
    mlflow_model: MLmodel | None = None,
    python_model: Any = None,
    artifacts: Mapping[str, str | os.PathLike[str]] | None = None,
    *,
    dst_path: str | os.PathLike[str] | None = None,
    model: MLmodel | None = None,
    **arguments: Any,
) -> ModelInfo:
    """Save a custom Python model, in one of two ways (S28, S32).

    With `python_model`, an instance of `PythonModel` is pickled and its `artifacts` are copied. With `loader_module`,
    `data_path` is copied, and the module's `_load_pyfunc` makes the model of it when it is loaded.

    Args:
        path: The directory to make; nothing may stand there (S34). `dst_path` is its older name.
        loader_module: A module that defines `_load_pyfunc(path)`; installed, or given in `code_paths`.
        data_path: The file or directory that the function is given; the model directory when there is none (S19).
        code_path: The older name of `code_paths`: files and directories with modules that the model needs.
        conda_env: The environment, as a mapping or the path of a conda file.
        mlflow_model: What else shall stand in `MLmodel`; it is copied, not changed. `model` is its older name.
        python_model: An instance of a subclass of `PythonModel`.
        artifacts: Files that the instance needs, by name: local paths or any URI that modelpack can fetch (S39).
        dst_path: See `path`.
        model: See `mlflow_model`.
        **arguments: What else `modelpack.save_model` takes: `code_paths`, `signature`, `input_example`,
            `pip_requirements`, `extra_pip_requirements`, `metadata`, `plugins`; and `model_config`, plain values that
            the instance finds in its context.

    Returns:
        Where the model is and what it is.

    Raises:
        InvalidArgumentError: Arguments of both ways or of neither were given, or one cannot be used.
        AlreadyExistsError: Something stands at `path`.

    Example:
        ```python
        modelpack.pyfunc.save_model("add_n_model", python_model=AddN(n=5))
        modelpack.pyfunc.save_model("forest", "forest_loader", "forest.bin", code_paths=["forest_loader.py"])
        ```
    """
    from modelpack.package.save import save_model as save

    destination = one_of("path", path, "dst_path", dst_path)
    if destination is None:
        raise InvalidArgumentError("no path was given to save the model to", hint="save_model(path, python_model=…)")
    native, options = described_model(loader_module, data_path, python_model, artifacts)
    return save(
        native,
        destination,
        flavor=FLAVOR_NAME,
        conda_env=conda_env,
        mlmodel=one_of("mlflow_model", mlflow_model, "model", model),
        **options,
        **common_arguments(native, code_path, arguments),
    )


def log_model(
    artifact_path: str,
    loader_module: str | None = None,
    data_path: str | os.PathLike[str] | None = None,
    code_path: Sequence[str | os.PathLike[str]] | None = None,
    conda_env: str | os.PathLike[str] | Mapping[str, Any] | None = None,
    python_model: Any = None,
    artifacts: Mapping[str, str | os.PathLike[str]] | None = None,
    **arguments: Any,
) -> ModelInfo:
    """Save a custom Python model into the active run, starting one when none is active (S29).

    Args:
        artifact_path: Where in the run, as in `runs:/<run_id>/<artifact_path>`.
        loader_module: As for `save_model`, like all that follow.
        data_path: The file or directory for the loader module.
        code_path: The older name of `code_paths`.
        conda_env: The environment.
        python_model: An instance of a subclass of `PythonModel`.
        artifacts: Files that the instance needs, by name.
        **arguments: What else `save_model` takes.

    Returns:
        What was saved; its `model_uri` loads the model again.

    Raises:
        ModelpackError: As `save_model` and `modelpack.log_model` do.
    """
    from modelpack.tracking.log import log_model as log

    native, options = described_model(loader_module, data_path, python_model, artifacts)
    return log(
        native,
        artifact_path,
        flavor=FLAVOR_NAME,
        conda_env=conda_env,
        **options,
        **common_arguments(native, code_path, arguments),
    )


def add_to_model(
    model: MLmodelT,
    loader_module: str,
    data: str | None = None,
    code: str | None = None,
    env: str | Mapping[str, str] | None = None,
    **kwargs: Any,
) -> MLmodelT:
    """Describe a model as a Python function too, for flavors that write `MLmodel` themselves (S25).

    Args:
        model: The description to extend.
        loader_module: A module that defines `_load_pyfunc(path)`.
        data: What the function is given, relative to the model directory; the directory itself when absent.
        code: The directory with the model's modules.
        env: The conda environment file, or a mapping of environment files.
        **kwargs: What else the loader needs.

    Returns:
        The model itself.
    """
    optional = {"data": data, "code": code, "env": env}
    given = {key: value for key, value in optional.items() if value}
    return model.add_flavor(
        FLAVOR_NAME, **{**kwargs, **given, "loader_module": loader_module, "python_version": platform.python_version()}
    )


def described_model(
    loader_module: str | None,
    data_path: str | os.PathLike[str] | None,
    python_model: Any,
    artifacts: Mapping[str, str | os.PathLike[str]] | None,
) -> tuple[Any, dict[str, Any]]:
    """The object that the flavor saves, and its options, from the arguments of the two ways.

    Raises:
        InvalidArgumentError: Arguments of both ways (S32) or of neither (S33) were given.
    """
    by_loader = {"loader_module": loader_module, "data_path": data_path}
    by_instance = {"python_model": python_model, "artifacts": artifacts}
    given = [
        {name: value for name, value in arguments.items() if value is not None}
        for arguments in (by_loader, by_instance)
    ]
    if all(given):
        raise InvalidArgumentError(
            f"the model is described in two ways: by {_shown(given[0])}, and by {_shown(given[1])}",
            hint="give loader_module and data_path, or python_model and artifacts",
        )
    if loader_module is None and python_model is None:
        stray = f" beside {_shown({**given[0], **given[1]})}" if any(given) else ""
        raise InvalidArgumentError(
            f"neither loader_module nor python_model was given{stray}",
            hint="give python_model, an instance of PythonModel, or loader_module, the name of a module",
        )
    if loader_module is None:
        return python_model, {"artifacts": artifacts}
    from modelpack.pyfunc.loader import LoaderModel

    return LoaderModel(loader_module, data_path), {}


def common_arguments(
    native: Any, code_path: Sequence[str | os.PathLike[str]] | None, arguments: Mapping[str, Any]
) -> dict[str, Any]:
    """The further arguments of a save: one name for the code, and a signature where the model cannot predict yet.

    Raises:
        InvalidArgumentError: `code_path` and `code_paths` differ.
    """
    from modelpack.pyfunc.loader import LoaderModel

    common = {**arguments, "code_paths": one_of("code_paths", arguments.get("code_paths"), "code_path", code_path)}
    example = common.get("input_example")
    if isinstance(native, LoaderModel) and example is not None and common.get("signature") is None:
        common["signature"] = _inputs_alone(example)
    return common


def one_of(name: str, value: Any, older_name: str, older_value: Any) -> Any:
    """The value of an argument that has two names.

    Raises:
        InvalidArgumentError: Both were given, with different values.
    """
    if value is not None and older_value is not None and value != older_value:
        raise InvalidArgumentError(
            f"{name} is {value!r} and {older_name}, its older name, is {older_value!r}", hint=f"give {name} alone"
        )
    return older_value if value is None else value


def _inputs_alone(example: Any) -> Any:
    """The signature of an example whose model is made by a loader module, and cannot predict before it is loaded."""
    from modelpack.package.input_example import InputExample
    from modelpack.schema.inference import infer_params, infer_schema
    from modelpack.schema.signature import ModelSignature

    taken = InputExample.of(example)
    params = None if taken.params is None else infer_params(taken.params)
    return ModelSignature(inputs=infer_schema(taken.data), params=params)


def _shown(arguments: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value!r:.80}" for name, value in arguments.items())

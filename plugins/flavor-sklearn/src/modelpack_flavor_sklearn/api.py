"""`save_model`, `log_model` and `load_model` with the argument names of MLflow's sklearn module (S54 to S56)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import modelpack
from modelpack_flavor_sklearn.flavor import flavor

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping, Sequence

    from modelpack import ModelInfo, ModelSignature
    from modelpack.models import Model
    from modelpack.package.load import VersionPolicy
    from modelpack.package.trust import Trust


def save_model(  # noqa: PLR0913, PLR0917 - MLflow's arguments
    sk_model: Any,
    path: str | os.PathLike[str],
    conda_env: str | os.PathLike[str] | Mapping[str, Any] | None = None,
    code_paths: Sequence[str | os.PathLike[str]] | None = None,
    mlflow_model: Model | None = None,
    serialization_format: str | None = None,
    signature: ModelSignature | None = None,
    input_example: Any = None,
    pip_requirements: str | os.PathLike[str] | Iterable[str] | None = None,
    extra_pip_requirements: str | os.PathLike[str] | Iterable[str] | None = None,
    pyfunc_predict_fn: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    skops_trusted_types: Iterable[str | type] | None = None,
) -> ModelInfo:
    """Save an estimator as a model directory.

    Args:
        sk_model: The estimator or pipeline.
        path: The directory to make.
        conda_env: A conda environment, as a mapping or a file.
        code_paths: Files and packages to save with the model.
        mlflow_model: A `Model` to which the flavors are added.
        serialization_format: `skops`, `cloudpickle` or `pickle`; None is skops where it holds the model, and otherwise
            cloudpickle with a warning.
        signature: What the model takes and answers; taken from `input_example` when that is given alone.
        input_example: Some rows of input, saved with the model.
        pip_requirements: Requirements in place of those that are found.
        extra_pip_requirements: Requirements beside those that are found.
        pyfunc_predict_fn: The method behind pyfunc's `predict`, such as `predict_proba`.
        metadata: Anything to keep in `MLmodel`.
        skops_trusted_types: Types that a skops file may hold beyond those that load without trust.

    Returns:
        What was saved, and where.

    Raises:
        AlreadyExistsError: There is something at `path`.
        InvalidArgumentError: An argument cannot be used, or the model is no estimator; nothing was written.
    """
    return modelpack.save_model(
        sk_model,
        path,
        flavor=flavor.name,
        conda_env=conda_env,
        code_paths=code_paths or (),
        mlmodel=mlflow_model,
        signature=signature,
        input_example=input_example,
        pip_requirements=pip_requirements,
        extra_pip_requirements=extra_pip_requirements,
        metadata=metadata,
        **_options(serialization_format, pyfunc_predict_fn, skops_trusted_types),
    )


def log_model(  # noqa: PLR0913, PLR0917 - MLflow's arguments
    sk_model: Any,
    artifact_path: str,
    conda_env: str | os.PathLike[str] | Mapping[str, Any] | None = None,
    code_paths: Sequence[str | os.PathLike[str]] | None = None,
    serialization_format: str | None = None,
    signature: ModelSignature | None = None,
    input_example: Any = None,
    pip_requirements: str | os.PathLike[str] | Iterable[str] | None = None,
    extra_pip_requirements: str | os.PathLike[str] | Iterable[str] | None = None,
    pyfunc_predict_fn: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    skops_trusted_types: Iterable[str | type] | None = None,
) -> ModelInfo:
    """Save an estimator into the active run, starting one when none is; arguments as in `save_model`.

    Returns:
        What was saved; its `model_uri` loads the model again.
    """
    return modelpack.log_model(
        sk_model,
        artifact_path,
        flavor=flavor.name,
        conda_env=conda_env,
        code_paths=code_paths or (),
        signature=signature,
        input_example=input_example,
        pip_requirements=pip_requirements,
        extra_pip_requirements=extra_pip_requirements,
        metadata=metadata,
        **_options(serialization_format, pyfunc_predict_fn, skops_trusted_types),
    )


def load_model(
    model_uri: str | os.PathLike[str],
    run_id: str | None = None,
    *,
    trust: Trust | None = None,
    versions: VersionPolicy = "warn",
) -> Any:
    """Load the estimator of a model.

    Args:
        model_uri: A directory or URI.
        run_id: When given, `model_uri` is a path in this run (MLflow before 1.0).
        trust: What may run code: True, a digest, a directory, or several; None asks the user's trust store.
        versions: What a difference between the recorded and the installed scikit-learn does.

    Raises:
        TrustError: The file is a pickle, or holds types beyond the safe ones, and the model is not trusted.
        NotFoundError: The model has no sklearn flavor.
    """
    uri = model_uri if run_id is None else f"runs:/{run_id}/{model_uri}"
    return modelpack.load_model(uri, flavor=flavor.name, trust=trust, versions=versions)


def get_default_conda_env(*, include_cloudpickle: bool = False, include_skops: bool = False) -> dict[str, Any]:
    """The conda environment that is saved when none is given.

    Args:
        include_cloudpickle: With what reads the format `cloudpickle`.
        include_skops: With what reads the format `skops`.
    """
    from importlib.metadata import version

    from modelpack.package.conda import default_conda

    names = ["scikit-learn", *["cloudpickle"] * include_cloudpickle, *["skops"] * include_skops]
    return default_conda([f"{name}=={version(name)}" for name in names])


def _options(
    serialization_format: str | None, pyfunc_predict_fn: str | None, skops_trusted_types: Iterable[str | type] | None
) -> dict[str, Any]:
    return {
        "serialization_format": serialization_format,
        "pyfunc_predict_fn": pyfunc_predict_fn,
        "skops_trusted_types": None if skops_trusted_types is None else tuple(skops_trusted_types),
    }

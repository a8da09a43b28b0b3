"""`save_model`, `log_model` and `load_model` with the argument names of MLflow's sklearn module (S54 to S56)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

from modelpack.flavor_functions import FlavorFunctions

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping

    from modelpack import ModelInfo
    from modelpack.flavor_functions import LogArguments, SaveArguments

_functions = FlavorFunctions("sklearn")
load_model = _functions.load


def save_model(
    sk_model: Any,
    path: str | os.PathLike[str],
    conda_env: str | os.PathLike[str] | Mapping[str, Any] | None = None,
    *,
    serialization_format: str | None = None,
    pyfunc_predict_fn: str | None = None,
    skops_trusted_types: Iterable[str | type] | None = None,
    **arguments: Unpack[SaveArguments],
) -> ModelInfo:
    """Save an estimator as a model directory.

    Args:
        sk_model: The estimator or pipeline.
        path: The directory to make.
        conda_env: A conda environment, as a mapping or a file.
        serialization_format: `skops`, `cloudpickle` or `pickle`; None is skops where it holds the model, and otherwise
            cloudpickle with a warning.
        pyfunc_predict_fn: The method behind pyfunc's `predict`, such as `predict_proba`.
        skops_trusted_types: Types that a skops file may hold beyond those that load without trust.
        **arguments: What every flavor takes, see `SaveArguments`.

    Returns:
        What was saved, and where.

    Raises:
        AlreadyExistsError: There is something at `path`.
        InvalidArgumentError: An argument cannot be used, or the model is no estimator; nothing was written.
    """
    options = _options(serialization_format, pyfunc_predict_fn, skops_trusted_types)
    return _functions.save(sk_model, path, conda_env=conda_env, **arguments, **options)


def log_model(
    sk_model: Any,
    artifact_path: str | None = None,
    conda_env: str | os.PathLike[str] | Mapping[str, Any] | None = None,
    *,
    name: str | None = None,
    serialization_format: str | None = None,
    pyfunc_predict_fn: str | None = None,
    skops_trusted_types: Iterable[str | type] | None = None,
    **arguments: Unpack[LogArguments],
) -> ModelInfo:
    """Save an estimator into the active run, starting one when none is; arguments as in `save_model`.

    Returns:
        What was saved; its `model_uri` loads the model again.
    """
    options = _options(serialization_format, pyfunc_predict_fn, skops_trusted_types)
    return _functions.log(sk_model, artifact_path, name=name, conda_env=conda_env, **arguments, **options)


def get_default_conda_env(*, include_cloudpickle: bool = False, include_skops: bool = False) -> dict[str, Any]:
    """The conda environment that is saved when none is given.

    Args:
        include_cloudpickle: With what reads the format `cloudpickle`.
        include_skops: With what reads the format `skops`.
    """
    from modelpack.flavor_functions import default_conda_env

    return default_conda_env("scikit-learn", *["cloudpickle"] * include_cloudpickle, *["skops"] * include_skops)


def _options(
    serialization_format: str | None, pyfunc_predict_fn: str | None, skops_trusted_types: Iterable[str | type] | None
) -> dict[str, Any]:
    return {
        "serialization_format": serialization_format,
        "pyfunc_predict_fn": pyfunc_predict_fn,
        "skops_trusted_types": None if skops_trusted_types is None else tuple(skops_trusted_types),
    }

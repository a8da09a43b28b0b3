"""`save_model`, `log_model`, `add_to_model` and `load_model` with the argument names of MLflow's mleap module (S95)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from modelpack.errors import InvalidArgumentError
from modelpack.flavor_functions import FlavorFunctions

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from modelpack import ModelInfo
    from modelpack.flavor_functions import LogArguments
    from modelpack.models import Model
    from modelpack.schema.mlmodel import MLmodel
    from modelpack_flavor_mleap.bundle import Bundle
    from modelpack_flavor_mleap.flavor import MLeapConf
    from modelpack_flavor_mleap.predictor import MLeapPredictor

_functions = FlavorFunctions("mleap")
load_model = _functions.load


def save_model(
    spark_model: Any,
    sample_input: Any,
    path: str | os.PathLike[str],
    mlflow_model: Model | None = None,
    *,
    output_columns: Sequence[str] | None = None,
    **arguments: Unpack[LogArguments],
) -> ModelInfo:
    """Save a fitted pipeline as a model directory with a bundle, and with a view that scores it without a JVM.

    Args:
        spark_model: A Spark `PipelineModel`, a fitted pipeline or estimator of scikit-learn, or a `Bundle`.
        sample_input: Some rows that it takes: a Spark DataFrame for a Spark pipeline; a DataFrame, an array or None
            for one of scikit-learn.
        path: The directory to make.
        mlflow_model: A `Model` to which the flavors are added; it is copied, not changed.
        output_columns: What the generic Python view answers; by default the column `prediction`.
        **arguments: What every flavor takes, see `LogArguments`.

    Returns:
        What was saved, and where.

    Raises:
        AlreadyExistsError: There is something at `path`.
        InvalidArgumentError: The model or the sample is something else (S96); nothing was written.
        MLeapSerializationException: A stage of the pipeline cannot be written; it is named.
    """
    options = _options(sample_input, output_columns)
    return _functions.save(spark_model, path, mlflow_model=mlflow_model, **arguments, **options)


def log_model(
    spark_model: Any,
    sample_input: Any,
    artifact_path: str | None = None,
    *,
    name: str | None = None,
    output_columns: Sequence[str] | None = None,
    **arguments: Unpack[LogArguments],
) -> ModelInfo:
    """Save a fitted pipeline into the active run, starting one when none is; arguments as in `save_model`.

    Returns:
        What was saved; its `model_uri` loads the model again.
    """
    options = _options(sample_input, output_columns)
    return _functions.log(spark_model, artifact_path, name=name, **arguments, **options)


def add_to_model(mlflow_model: MLmodel, path: str | os.PathLike[str], spark_model: Any, sample_input: Any) -> None:
    """Add the flavor to a model of another flavor, such as `spark`: its files, and what it says in `MLmodel`.

    A model that has been saved is updated: its `MLmodel` and its manifest are written again, so that its digest is
    another, and one that runs code when it is loaded has to be trusted again. Where `path` is being saved, and has no
    `MLmodel` yet, whoever saves it writes `mlflow_model`.

    Args:
        mlflow_model: The model's description, to which the flavor is added.
        path: The model's directory.
        spark_model: As in `save_model`.
        sample_input: As in `save_model`.

    Raises:
        AlreadyExistsError: There is something called `mleap` in the directory.
        InvalidArgumentError: The model or the sample is something else; nothing was written.
        MLeapSerializationException: A stage of the pipeline cannot be written.
    """
    from modelpack_flavor_mleap.addition import add

    conf = write_bundle(spark_model, sample_input, path)
    add(mlflow_model, Path(path), conf)


def write_bundle(pipeline_model: Any, sample: Any, directory: str | os.PathLike[str]) -> MLeapConf:
    """Write `mleap/model` and `mleap/schema.json` into a directory, such as the staging directory of another flavor.

    Args:
        pipeline_model: As `spark_model` of `save_model`.
        sample: As `sample_input` of `save_model`.
        directory: Where the files of the model are being written.

    Returns:
        What belongs under `flavors: mleap:`.

    Raises:
        AlreadyExistsError: There is something called `mleap` in the directory.
        InvalidArgumentError: The model or the sample is something else; nothing was written.
        MLeapSerializationException: A stage of the pipeline cannot be written; nothing was.
    """
    from modelpack_flavor_mleap.flavor import conf_of, to_bundle
    from modelpack_flavor_mleap.layout import require_absent, write_files

    require_absent(Path(directory))
    bundle = to_bundle(pipeline_model, sample)
    write_files(bundle, Path(directory))
    return conf_of(bundle.default_columns)


def read_bundle(path: str | os.PathLike[str]) -> Bundle:
    """Read a bundle that MLeap, its Python package or modelpack wrote: a directory or a zip archive.

    Raises:
        InvalidModelError: It is damaged, in the protobuf form, or has an operator that Python cannot score.
    """
    from modelpack_flavor_mleap.bundle import Bundle

    return Bundle.read(Path(path))


def _load_pyfunc(path: str) -> MLeapPredictor:
    """What MLflow calls for a model whose `loader_module` is this package, where the package is installed."""
    from modelpack_flavor_mleap.bundle import Bundle
    from modelpack_flavor_mleap.layout import beside
    from modelpack_flavor_mleap.predictor import MLeapPredictor

    return MLeapPredictor(Bundle.read(Path(path), beside(Path(path))), None, None)


def _options(sample: Any, output_columns: Sequence[str] | None) -> dict[str, Any]:
    if isinstance(output_columns, str):
        raise InvalidArgumentError(f"output_columns is {output_columns!r}", hint=f"give a list: [{output_columns!r}]")
    columns = None if output_columns is None else tuple(output_columns)
    return {"sample_input": sample, "output_columns": columns}

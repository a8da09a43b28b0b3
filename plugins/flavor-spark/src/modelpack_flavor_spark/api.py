"""`save_model`, `log_model` and `load_model` with the argument names of MLflow's spark module."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

from modelpack.flavor_functions import FlavorFunctions

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from modelpack import ModelInfo
    from modelpack.flavor_functions import LogArguments, SaveArguments

_functions = FlavorFunctions("spark")
load_model = _functions.load


def save_model(
    spark_model: Any,
    path: str | os.PathLike[str],
    conda_env: str | os.PathLike[str] | Mapping[str, Any] | None = None,
    *,
    jars: Any = None,
    dfs_tmpdir: str | None = None,
    sample_input: Any = None,
    **arguments: Unpack[SaveArguments],
) -> ModelInfo:
    """Save a pipeline as a model directory.

    Args:
        spark_model: The `pyspark.ml.PipelineModel`.
        path: The directory to make.
        conda_env: A conda environment, as a mapping or a file.
        jars: Not supported (S89).
        dfs_tmpdir: A directory on the file system that Spark's executors share, where that is not this machine's.
        sample_input: A Spark DataFrame of some rows: the pipeline is then also written for MLeap.
        **arguments: What every flavor takes, see `SaveArguments`.

    Returns:
        What was saved, and where.

    Raises:
        AlreadyExistsError: There is something at `path`.
        InvalidArgumentError: An argument cannot be used, or the model is no pipeline; nothing was written.
        PluginError: There is a `sample_input`, and the flavor `mleap` is not installed.
    """
    options = {"jars": jars, "dfs_tmpdir": dfs_tmpdir, "sample_input": sample_input}
    return _functions.save(spark_model, path, conda_env=conda_env, **arguments, **options)


def log_model(
    spark_model: Any,
    artifact_path: str | None = None,
    conda_env: str | os.PathLike[str] | Mapping[str, Any] | None = None,
    *,
    name: str | None = None,
    jars: Any = None,
    dfs_tmpdir: str | None = None,
    sample_input: Any = None,
    **arguments: Unpack[LogArguments],
) -> ModelInfo:
    """Save a pipeline into the active run, starting one when none is; arguments as in `save_model`.

    Returns:
        What was saved; its `model_uri` loads the model again.
    """
    options = {"jars": jars, "dfs_tmpdir": dfs_tmpdir, "sample_input": sample_input}
    return _functions.log(spark_model, artifact_path, name=name, conda_env=conda_env, **arguments, **options)


def get_default_conda_env() -> dict[str, Any]:
    """The conda environment that is saved when none is given: PySpark and NumPy."""
    from modelpack.flavor_functions import default_conda_env

    return default_conda_env("pyspark", "numpy")

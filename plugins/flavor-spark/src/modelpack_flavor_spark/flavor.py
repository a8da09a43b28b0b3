"""The Spark flavor. PySpark is imported when a pipeline is saved, loaded or scored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelpack import Flavor, FlavorConf, LoadContext, PluginOptions, SaveContext, hookimpl
from modelpack.errors import InvalidArgumentError, WrongModelError
from modelpack_flavor_spark import files
from modelpack_flavor_spark.audit import stages_in

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from modelpack_flavor_spark.predictor import SparkPredictor

BUNDLE_FLAVOR = "mleap"
"""The flavor that is added when there is a sample of the input (S91)."""


class SparkOptions(PluginOptions):
    """What `save_model` takes for this flavor.

    Attributes:
        dfs_tmpdir: A directory on the file system that Spark's executors share, through which the pipeline goes.
        sample_input: A Spark DataFrame of some rows, with which the pipeline is also written for MLeap.
        jars: Not supported (S89).
    """

    dfs_tmpdir: str | None = None
    sample_input: Any = None
    jars: Any = None


class SparkLoadOptions(PluginOptions):
    """What `load_model` takes for this flavor.

    Attributes:
        dfs_tmpdir: A directory on the file system that Spark's executors share; the pipeline is copied there and stays.
    """

    dfs_tmpdir: str | None = None


class SparkConf(FlavorConf):
    """What stands under `flavors: spark:` (S92).

    Attributes:
        model_data: The directory.
        pyspark_version: The release of PySpark that wrote it.
        model_class: The class; MLflow writes it since 2.9. It is for those who read, and decides nothing.
        custom_stages: The classes of stages that need trust; absent where there are none. The files decide.
    """

    model_data: str = files.DIRECTORY
    pyspark_version: str | None = None
    model_class: str | None = None


class SparkFlavor(Flavor[SparkOptions, SparkConf]):
    """Saves and loads PipelineModels, and makes functions on columns of every model."""

    name = "spark"
    options_type = SparkOptions
    load_options_type = SparkLoadOptions
    conf_type = SparkConf
    loader_modules = ("mlflow.spark", "modelpack_flavor_spark")
    system_packages = ("default-jre-headless",)

    def requirements(self, conf: SparkConf) -> Sequence[str]:  # noqa: ARG002 - the same for every model
        """PySpark, and NumPy, which its MLlib needs and does not require."""
        return ["pyspark", "numpy"]

    def executes_code(self, conf: SparkConf) -> str | None:
        """What the conf says of stages that are not MLlib's own; the files are read again when it is loaded."""
        stages = (conf.model_extra or {}).get("custom_stages")
        return _reason(list(map(str, stages))) if isinstance(stages, list) and stages else None

    def pyfunc_conf(self, conf: SparkConf, options: SparkOptions) -> Mapping[str, Any] | None:  # noqa: ARG002 - the conf says it
        """Where the pipeline is (MLflow's key)."""
        return {"data": conf.model_data}

    @property
    def spark_udf(self) -> Callable[..., Any]:
        """What stands behind `modelpack.pyfunc.spark_udf`."""
        from modelpack_flavor_spark.udf import spark_udf

        return spark_udf

    @hookimpl
    def modelpack_save_model(self, model: Any, context: SaveContext[SparkOptions]) -> SparkConf:
        """Write `sparkml`, and let the flavor `mleap` write the same where there is a sample of the input."""
        import pyspark
        from pyspark.ml import PipelineModel

        if not isinstance(model, PipelineModel):
            raise WrongModelError(self.name, "a pyspark.ml.PipelineModel (S89); wrap a single stage in one", model)
        options = context.options
        _refuse_jars(options.jars)
        directory = context.path / files.DIRECTORY
        files.write(model, directory, options.dfs_tmpdir)
        if options.sample_input is not None:
            context.save_also(BUNDLE_FLAVOR, {"sample_input": options.sample_input})
        custom = list(stages_in(directory).foreign)
        told: dict[str, Any] = {"custom_stages": custom} if custom else {}
        return SparkConf(
            pyspark_version=pyspark.__version__,
            model_class=f"{PipelineModel.__module__}.{PipelineModel.__qualname__}",
            **told,
        )

    @hookimpl
    def modelpack_load_model(self, context: LoadContext[SparkConf]) -> Any:
        """Load the PipelineModel, once it is known which classes it names."""
        import pyspark  # noqa: F401 - where it is missing, nothing is read

        context.check_version("pyspark", context.conf.pyspark_version)
        directory = context.file(context.conf.model_data)
        stages = stages_in(directory)
        if stages.foreign:
            context.require_trust(_reason(stages.foreign))
        options = context.options
        dfs_tmpdir = options.dfs_tmpdir if isinstance(options, SparkLoadOptions) else None
        return files.read(directory, dfs_tmpdir, on_jvm=stages.on_jvm)

    @hookimpl
    def modelpack_pyfunc_adapt(self, model: Any, context: LoadContext[SparkConf]) -> SparkPredictor:
        """Score with the caller's session, or with one that is started."""
        from modelpack_flavor_spark.predictor import SparkPredictor
        from modelpack_flavor_spark.sessions import session_for_model

        return SparkPredictor(model, session_for_model(), context.signature)


def _reason(stages: Sequence[str]) -> str:
    return f"Spark would import or run stages that are not MLlib's own: {', '.join(stages)}"


def _refuse_jars(jars: Any) -> None:
    if jars:
        raise InvalidArgumentError(
            f"jars={jars!r}: a model does not carry jars, which would be code that no check covers",
            hint="name them where the model is used, in the session's spark.jars or spark.jars.packages",
        )


flavor = SparkFlavor()

"""The MLeap flavor. NumPy, Spark and scikit-learn are imported when a model is saved, loaded or scored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelpack import Flavor, FlavorConf, LoadContext, PluginOptions, SaveContext, hookimpl
from modelpack.errors import WrongModelError
from modelpack_flavor_mleap.layout import MODEL, SCHEMA, VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from modelpack_flavor_mleap.bundle import Bundle
    from modelpack_flavor_mleap.predictor import MLeapPredictor


class MLeapOptions(PluginOptions):
    """What `save_model` takes for this flavor.

    Attributes:
        sample_input: Some rows that the pipeline takes: a Spark DataFrame for a Spark pipeline, which needs them for
            the types of its columns (S96); a DataFrame or an array for scikit-learn's, which knows most by itself.
        output_columns: What the generic Python view answers; by default the column `prediction`.
    """

    sample_input: Any = None
    output_columns: tuple[str, ...] | None = None


class MLeapLoadOptions(PluginOptions):
    """What `load_model(uri, …)` takes for this flavor.

    Attributes:
        output_columns: What the generic Python view answers, in place of what the model says.
    """

    output_columns: tuple[str, ...] | None = None


class MLeapConf(FlavorConf):
    """What stands under `flavors: mleap:` (S98).

    Attributes:
        mleap_version: The release of MLeap whose format the bundle has.
        model_data: The bundle: a directory, or a zip archive.
        input_schema: The schema; some releases of MLflow wrote none.
        output_columns: What the generic Python view answers; MLflow knows no such view, and writes none.
    """

    mleap_version: str | None = None
    model_data: str = MODEL
    input_schema: str | None = None
    output_columns: list[str] | None = None


class MLeapFlavor(Flavor[MLeapOptions, MLeapConf]):
    """Writes bundles of Spark's and scikit-learn's pipelines, and scores bundles in NumPy."""

    name = "mleap"
    options_type = MLeapOptions
    load_options_type = MLeapLoadOptions
    conf_type = MLeapConf
    loader_modules = ("modelpack_flavor_mleap",)
    fork_safe = True

    def requirements(self, conf: MLeapConf) -> Sequence[str]:  # noqa: ARG002 - the same for every bundle
        """NumPy."""
        return ["numpy"]

    def executes_code(self, conf: MLeapConf) -> str | None:  # noqa: ARG002 - none does
        """A bundle is numbers and names of known operators; it runs no code."""
        return None

    def pyfunc_conf(self, conf: MLeapConf, options: MLeapOptions) -> Mapping[str, Any] | None:  # noqa: ARG002 - the conf says it
        """Where the bundle is."""
        return {"data": conf.model_data}

    @hookimpl
    def modelpack_save_model(self, model: Any, context: SaveContext[MLeapOptions]) -> MLeapConf:
        """Write `mleap/model` and `mleap/schema.json`."""
        from modelpack_flavor_mleap.layout import write_files

        options = context.options
        sample = context.input_example if options.sample_input is None else options.sample_input
        bundle = to_bundle(model, sample)
        columns = list(options.output_columns or bundle.default_columns)
        bundle.check_columns(columns)
        write_files(bundle, context.path)
        return conf_of(columns)

    @hookimpl
    def modelpack_load_model(self, context: LoadContext[MLeapConf]) -> Bundle:
        """Read the bundle."""
        from modelpack_flavor_mleap.bundle import Bundle

        conf = context.conf
        schema = None if conf.input_schema is None else context.file(conf.input_schema)
        return Bundle.read(context.file(conf.model_data), schema)

    @hookimpl
    def modelpack_pyfunc_adapt(self, model: Any, context: LoadContext[MLeapConf]) -> MLeapPredictor:
        """Score in NumPy; while a model is saved, what has been written of it."""
        from modelpack_flavor_mleap.bundle import Bundle
        from modelpack_flavor_mleap.predictor import MLeapPredictor

        bundle = model if isinstance(model, Bundle) else self.modelpack_load_model(context)
        wanted = None if context.options is None else context.options.output_columns
        return MLeapPredictor(bundle, context.signature, wanted or context.conf.output_columns)


def conf_of(columns: Sequence[str]) -> MLeapConf:
    """What belongs under `flavors: mleap:` of a model whose files `write_files` wrote, answering these columns."""
    return MLeapConf(mleap_version=VERSION, input_schema=SCHEMA, output_columns=list(columns))


def to_bundle(model: Any, sample: Any) -> Bundle:
    """The bundle of a model of Spark's or scikit-learn's, or of one that is a bundle already.

    Raises:
        WrongModelError: It is something else.
        MLeapSerializationException: It has a stage that cannot be written.
    """
    from modelpack_flavor_mleap.bundle import Bundle

    if isinstance(model, Bundle):
        return model
    modules = {base.__module__.partition(".")[0] for base in type(model).__mro__}
    if "pyspark" in modules:
        from modelpack_flavor_mleap.spark.pipeline import convert as convert_spark

        return convert_spark(model, sample)
    if "sklearn" in modules:
        from modelpack_flavor_mleap.sklearn.pipeline import convert as convert_sklearn

        return convert_sklearn(model, sample)
    raise WrongModelError("mleap", "a Spark PipelineModel, a scikit-learn pipeline, or a Bundle", model)


flavor = MLeapFlavor()

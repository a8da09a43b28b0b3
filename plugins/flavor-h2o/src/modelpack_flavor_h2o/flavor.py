"""The H2O flavor (S81 to S86). H2O itself, and Java, are started when a model needs them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import SerializerFunctionWrapHandler, model_serializer

from modelpack import Flavor, FlavorConf, LoadContext, PluginOptions, SaveContext, hookimpl
from modelpack.errors import InvalidArgumentError, WrongModelError
from modelpack_flavor_h2o import binaries, cluster, mojos, settings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from modelpack_flavor_h2o.binary_predictor import BinaryPredictor
    from modelpack_flavor_h2o.mojo_predictor import MojoPredictor

DATA = "model.h2o"
RUNS = (
    "H2O's own file is read by making objects of whatever classes it names, some of them by Java's deserialization, "
    "and h2o.yaml says how Java is started"
)
"""Read in water.AutoBuffer (`get`, `getSer`, `javaSerializeReadPojo`) and water.TypeMap of 3.46: there is no list of
classes, and no filter on the `ObjectInputStream`. `init` may hold JVM arguments, a class path and an address."""


class H2OOptions(PluginOptions):
    """What `save_model` takes for this flavor.

    Attributes:
        settings: What else stands in `h2o.yaml`; `init` is a mapping of arguments of `h2o.init`.
    """

    settings: dict[str, Any] | None = None


class H2OLoadOptions(PluginOptions):
    """What `load_model` takes for this flavor.

    Attributes:
        view: `mojo` is scored by Java in this process; `binary` by H2O. By default the generic Python view is that of
            the MOJO where there is one, and the native model is the binary.
        init: Arguments of `h2o.init` that go before those of the model.
    """

    view: Literal["mojo", "binary"] | None = None
    init: dict[str, Any] | None = None


class H2OConf(FlavorConf):
    """What stands under `flavors: h2o:`.

    Attributes:
        data: The directory with H2O's file and `h2o.yaml`.
        h2o_version: The release of H2O that wrote it.
        mojo: The MOJO; MLflow writes none.
    """

    data: str = DATA
    h2o_version: str | None = None
    mojo: str | None = None

    @model_serializer(mode="wrap")
    def _without_defaults(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """What MLflow does not know is written only where it says something."""
        written: dict[str, Any] = serialize(self)
        return {key: value for key, value in written.items() if (key, value) != ("mojo", None)}


class H2OFlavor(Flavor[H2OOptions, H2OConf]):
    """Saves H2O's models, loads them into H2O, and scores them without it."""

    name = "h2o"
    options_type = H2OOptions
    load_options_type = H2OLoadOptions
    conf_type = H2OConf
    loader_modules = ("mlflow.h2o", "modelpack_flavor_h2o")
    system_packages = ("default-jre-headless",)

    def requirements(self, conf: H2OConf) -> Sequence[str]:  # noqa: ARG002 - the same for every model
        """H2O, whose jar also scores MOJOs."""
        return ["h2o"]

    def executes_code(self, conf: H2OConf) -> str | None:  # noqa: ARG002 - true of every binary
        """Why loading the native model runs code."""
        return RUNS

    def pyfunc_executes_code(self, conf: H2OConf) -> str | None:
        """A MOJO holds tables and texts for H2O's own algorithms: nothing in it runs, or says what does."""
        return None if conf.mojo else self.executes_code(conf)

    def pyfunc_conf(self, conf: H2OConf, options: H2OOptions) -> Mapping[str, Any] | None:  # noqa: ARG002 - the conf says it
        """Where the model is (MLflow's key)."""
        return {"data": conf.data}

    @hookimpl
    def modelpack_save_model(self, model: Any, context: SaveContext[H2OOptions]) -> H2OConf:
        """Write `model.h2o`: H2O's file, `h2o.yaml`, and a MOJO where H2O exports one."""
        import h2o
        from h2o.model import ModelBase

        if not isinstance(model, ModelBase):
            raise WrongModelError("h2o", "a model of H2O, such as an H2OGradientBoostingEstimator", model)
        kind = type(model).__name__
        if not model.key:
            raise InvalidArgumentError(f"the {kind} is not trained", hint="call its train before saving it")
        folder = context.path / DATA
        folder.mkdir()
        file = folder / binaries.file_name(model.model_id)
        with cluster.USE:
            if not cluster.is_connected():
                raise InvalidArgumentError(
                    f"the {kind} lives in an H2O that this process is not connected to", hint="call h2o.init before"
                )
            binaries.write(model, file)
            settings.write(folder, file.name, context.options.settings or {})
            mojo = folder / f"{file.name}.zip"
            exported = mojos.export(model, mojo)
            release = str(h2o.__version__)
        return H2OConf(h2o_version=release, mojo=f"{DATA}/{mojo.name}" if exported else None)

    @hookimpl
    def modelpack_load_model(self, context: LoadContext[H2OConf]) -> Any:
        """Read the MOJO into this process, or H2O's file into H2O, which is started where none runs."""
        from modelpack_flavor_h2o.mojo import Mojo

        conf, options = context.conf, context.options or H2OLoadOptions()
        mojo = None if conf.mojo is None else context.file(conf.mojo)
        view = options.view or ("mojo" if context.generic and mojo else "binary")
        if view == "mojo":
            if mojo is None:
                raise InvalidArgumentError(
                    "view is 'mojo', and the model has no MOJO", hint="load it with view='binary'"
                )
            context.check_version("h2o", conf.h2o_version)
            return Mojo(mojo)
        context.require_trust(RUNS)
        return self._load_binary(context, options.init or {}, has_mojo=mojo is not None)

    @hookimpl
    def modelpack_pyfunc_adapt(
        self,
        model: Any,
        context: LoadContext[H2OConf],  # noqa: ARG002 - the model says all
    ) -> MojoPredictor | BinaryPredictor:
        """Answer with `predict`, by Java in this process or by H2O."""
        from modelpack_flavor_h2o.binary_predictor import BinaryPredictor
        from modelpack_flavor_h2o.mojo import Mojo
        from modelpack_flavor_h2o.mojo_predictor import MojoPredictor

        return MojoPredictor(model) if isinstance(model, Mojo) else BinaryPredictor(model)

    def _load_binary(self, context: LoadContext[H2OConf], init: Mapping[str, Any], *, has_mojo: bool) -> Any:
        """All that can be checked is checked before H2O is started, which takes seconds."""
        data = context.conf.data
        name, own = settings.read(context.file(f"{data}/{settings.FILE}"))
        file: Path = context.file(f"{data}/{name}")
        context.check_version("h2o", context.conf.h2o_version)
        binaries.check_release(file, has_mojo=has_mojo)
        with cluster.USE:
            cluster.connect({**own, **init})
            return binaries.read(file)


flavor = H2OFlavor()

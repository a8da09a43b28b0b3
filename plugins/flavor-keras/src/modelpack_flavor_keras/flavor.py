"""The Keras flavor (S69 to S74). Keras itself is imported when a model is saved or loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import SerializerFunctionWrapHandler, ValidationError, model_serializer

from modelpack import Flavor, FlavorConf, LoadContext, PluginOptions, SaveContext, hookimpl
from modelpack.errors import InvalidArgumentError, WrongModelError
from modelpack_flavor_keras import backends, formats
from modelpack_flavor_keras.predictor import KerasPredictor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


class KerasOptions(PluginOptions):
    """What `save_model` takes for this flavor.

    Attributes:
        save_format: `keras`, or `h5` for readers from before Keras 3.
        custom_objects: Classes and functions of the model, to be pickled beside it; loading it then needs trust.
        include_optimizer: Whether an `h5` file holds the optimizer; a `keras` file always does.
    """

    save_format: Literal["keras", "h5"] = "keras"
    custom_objects: dict[str, Any] | None = None
    include_optimizer: bool = True


class KerasLoadOptions(PluginOptions):
    """What `load_model` takes for this flavor.

    Attributes:
        custom_objects: Classes and functions by the names that the model gives them.
        compile: Whether to restore the optimizer with its state, the losses and the metrics.
        safe_mode: True refuses Python lambdas even from trusted models. False trusts nobody: see `trust`.
        load_model_kwargs: `compile` and `safe_mode` as MLflow takes them.
    """

    custom_objects: dict[str, Any] | None = None
    compile: bool = False
    safe_mode: bool | None = None
    load_model_kwargs: dict[str, Any] | None = None


class KerasConf(FlavorConf):
    """What stands under `flavors: keras:`.

    Attributes:
        data: The directory of the model, or its file in models from before MLflow 1.1.
        keras_version: The release of Keras that wrote it.
        keras_backend: What it ran on.
        save_exported_model: Whether MLflow exported a SavedModel instead.
        keras_module: For MLflow 1, with which `h5` files are shared.
        save_format: `h5`, for MLflow 1 as well; `tf` is a SavedModel.
        custom_objects: The pickle that was written, for those who ask what loading runs. Without meaning for loading,
            as what follows.
        safe_mode: False when the file held code as it was saved.
    """

    data: str = "model.h5"
    keras_version: str | None = None
    keras_backend: str | None = None
    save_exported_model: bool = False
    keras_module: str | None = None
    save_format: str | None = None
    custom_objects: str | None = None
    safe_mode: bool = True

    @model_serializer(mode="wrap")
    def _without_defaults(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """What MLflow does not know is written only where it says something."""
        written: dict[str, Any] = serialize(self)
        return {
            key: value for key, value in written.items() if value is not None and (key, value) != ("safe_mode", True)
        }


class KerasFlavor(Flavor[KerasOptions, KerasConf]):
    """Saves and loads models of Keras 3."""

    name = "keras"
    options_type = KerasOptions
    conf_type = KerasConf
    loader_modules = ("mlflow.keras", "modelpack_flavor_keras")

    def requirements(self, conf: KerasConf) -> Sequence[str]:
        """Keras, what it computes with, and what reads pickled objects."""
        return [
            "keras",
            *backends.distributions(conf.keras_backend),
            *["cloudpickle"] * (conf.custom_objects is not None),
        ]

    def executes_code(self, conf: KerasConf) -> str | None:
        """What saving has found; `modelpack_load_model` looks again, and believes the files alone."""
        if conf.custom_objects is not None:
            return f"{conf.custom_objects} is a pickle, and unpickling runs whatever it holds"
        return None if conf.safe_mode else "the model holds Python code, such as that of a Lambda layer"

    def pyfunc_conf(self, conf: KerasConf, options: KerasOptions) -> Mapping[str, Any] | None:  # noqa: ARG002 - the conf says it
        """MLflow 1 wants to know where the model is; MLflow 3 would look for it in the wrong place."""
        return {"data": conf.data} if conf.save_format == "h5" else {}

    @hookimpl
    def modelpack_save_model(self, model: Any, context: SaveContext[KerasOptions]) -> KerasConf:
        """Write `data/model.keras` or `data/model.h5`."""
        keras = backends.import_keras(None)
        if not isinstance(model, keras.Model):
            raise WrongModelError("keras", "a keras.Model", model)
        if not model.built:
            raise InvalidArgumentError(
                f"the model {model.name!r} is not built yet, and has no weights to save",
                hint="give it an Input layer, call it on some data, or build(...) it",
            )
        data, options = context.path / "data", context.options
        data.mkdir()
        (data / formats.KERAS_MODULE).write_text("keras", encoding="utf-8")
        path = data / f"model.{options.save_format}"
        formats.write(model, path, with_optimizer=options.include_optimizer)
        return _described(keras, path, options, pickled=_pickle(options.custom_objects, data))

    @hookimpl
    def modelpack_load_model(self, context: LoadContext[KerasConf]) -> Any:
        """Read the model, however it was saved."""
        conf, options = context.conf, _load_options(context.options)
        keras = backends.import_keras(conf.keras_backend)
        context.check_version("keras", conf.keras_version)
        backends.tell_difference(conf.keras_backend, keras.backend.backend())
        data = context.file(conf.data)
        is_exported = conf.save_exported_model or conf.save_format == "tf"
        path = formats.find(data, is_exported=is_exported)
        pickled = formats.read_custom_objects(path.parent / formats.CUSTOM_OBJECTS, context.require_trust)
        return formats.read(
            path,
            context.require_trust,
            custom_objects={**pickled, **(options.custom_objects or {})},
            compile=options.compile,
            safe_mode=options.safe_mode or None,
        )

    @hookimpl
    def modelpack_pyfunc_adapt(self, model: Any, context: LoadContext[KerasConf]) -> KerasPredictor:  # noqa: ARG002 - the model says all
        """Compute the model's outputs, in evaluation mode."""
        return KerasPredictor(model, backends.import_keras(None).backend.backend())


def _described(keras: Any, path: Path, options: KerasOptions, *, pickled: str | None) -> KerasConf:
    """The keys that MLflow 3 reads, or for `h5` those of MLflow 1; what loading without trust refuses beside them."""
    facts: dict[str, Any] = {
        "data": "data",
        "keras_version": keras.__version__,
        "keras_backend": keras.backend.backend(),
    }
    if options.save_format == "h5":
        facts |= {"keras_module": "keras", "save_format": "h5"}
    if pickled is not None:
        facts["custom_objects"] = pickled
    if formats.audited(path, compile=False).code:
        facts["safe_mode"] = False
    return KerasConf(**facts)


def _pickle(custom_objects: dict[str, Any] | None, data: Path) -> str | None:
    """Where MLflow 1 looks for them."""
    if not custom_objects:
        return None
    import cloudpickle

    with (data / formats.CUSTOM_OBJECTS).open("wb") as file:
        cloudpickle.dump(custom_objects, file)
    return f"{data.name}/{formats.CUSTOM_OBJECTS}"


def _load_options(given: Mapping[str, Any]) -> KerasLoadOptions:
    try:
        options = KerasLoadOptions(**given)
        return KerasLoadOptions(**{**given, "load_model_kwargs": None, **(options.load_model_kwargs or {})})
    except ValidationError as error:
        problem = error.errors()[0]
        name = ".".join(map(str, problem["loc"]))
        raise InvalidArgumentError(
            f"the load option {name} cannot be used: {problem['msg']}",
            hint=f"there are {', '.join(KerasLoadOptions.model_fields)}",
        ) from error


flavor = KerasFlavor()

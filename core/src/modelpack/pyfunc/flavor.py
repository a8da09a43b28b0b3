"""The flavor `python_function` itself: Python classes as models, and loader modules of the user's own."""

from __future__ import annotations

import copy
import weakref
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field, model_serializer

from modelpack.errors import InvalidArgumentError, InvalidModelError
from modelpack.hookspecs import hookimpl
from modelpack.interfaces import Flavor, FlavorConf, PluginOptions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from modelpack.contexts import LoadContext, SaveContext
    from modelpack.interfaces import Predictor
    from modelpack.pyfunc.loader import LoaderModel
    from modelpack.pyfunc.python_model import PythonModel, PythonModelContext

CLASS_LOADERS = ("mlflow.pyfunc.model", "modelpack.pyfunc.model")
PICKLE = "python_model.pkl"
_NOT_DISTRIBUTED = {"__main__", "modelpack", "mlflow"}


class PythonFunctionOptions(PluginOptions):
    """What a save of a `PythonModel` takes beside the common arguments.

    Attributes:
        artifacts: Files that the model needs, by name: local paths or any URI that modelpack can fetch.
        model_config: Plain values that the model finds in its context, and that a load may set otherwise.
    """

    artifacts: Any = None
    model_config_: Any = Field(default=None, alias="model_config")


class PythonFunctionConf(FlavorConf):
    """What stands under `python_function:` for these models; absent keys are not written.

    Attributes:
        loader_module: The module that loads the model; `mlflow.pyfunc.model` for an instance of `PythonModel`.
        python_version: The Python that saved it.
        data: What the loader module is given, relative to the model directory; the directory itself when absent (S19).
        python_model: The pickled instance.
        python_model_compression: How the pickle is compressed, as MLflow can do it.
        cloudpickle_version: The cloudpickle that wrote it.
        artifacts: Path and origin of each artifact.
        config: The model's configuration.
        model_code_path: A script that makes the model, in MLflow's models from code.
        predict_fn: The method of what the loader module answers.
        distributions: What the pickle refers to; known while saving, and not written.
    """

    loader_module: str
    python_version: str | None = None
    data: str | None = None
    python_model: str | None = None
    python_model_compression: str | None = None
    cloudpickle_version: str | None = None
    artifacts: dict[str, Any] | None = None
    config: dict[str, Any] | None = None
    model_code_path: str | None = None
    predict_fn: str | None = None
    distributions: tuple[str, ...] = Field(default=(), exclude=True)

    @model_serializer(mode="wrap")
    def _without_absent(self, serialize: Callable[[PythonFunctionConf], dict[str, Any]]) -> dict[str, Any]:
        return {key: value for key, value in serialize(self).items() if value is not None}


class PythonFunctionLoadOptions(PluginOptions):
    """What `load_model` takes for this flavor.

    Attributes:
        model_config_: Called `model_config`: values for the context of a `PythonModel`, over those in the model.
    """

    model_config_: Any = Field(default=None, alias="model_config")


class PythonFunctionFlavor(Flavor[PythonFunctionOptions, PythonFunctionConf]):
    """Saves a `PythonModel`, or files with the module that loads them; loads both, MLflow's too."""

    name: ClassVar[str] = "python_function"
    options_type = PythonFunctionOptions
    load_options_type = PythonFunctionLoadOptions
    conf_type = PythonFunctionConf
    loader_modules: ClassVar[tuple[str, ...]] = CLASS_LOADERS

    def __init__(self) -> None:
        self._contexts: dict[int, tuple[weakref.ref[Any], PythonModelContext]] = {}

    def requirements(self, conf: PythonFunctionConf) -> Sequence[str]:
        """What the pickle refers to, and pandas, which the model's input is made of."""
        return conf.distributions

    def executes_code(self, conf: PythonFunctionConf) -> str | None:
        """Always a reason: these models are code."""
        if conf.python_model is not None:
            return f"{conf.python_model} is a pickle (cloudpickle), and reading a pickle runs the code in it"
        if conf.model_code_path is not None:
            return f"the script {conf.model_code_path} is run"
        return f"the loader module {conf.loader_module!r} is imported and called"

    @hookimpl
    def modelpack_save_model(self, model: Any, context: SaveContext[PythonFunctionOptions]) -> PythonFunctionConf:
        """Pickle an instance and copy its artifacts, or copy the data of a loader module."""
        from modelpack.pyfunc.loader import LoaderModel
        from modelpack.pyfunc.python_model import PythonModel

        if isinstance(model, PythonModel):
            return _save_instance(model, context)
        if isinstance(model, LoaderModel):
            return _save_data(model, context)
        raise InvalidArgumentError(
            f"the flavor python_function saves an instance of modelpack.pyfunc.PythonModel, not {_described(model)}",
            hint="derive the class from modelpack.pyfunc.PythonModel, or give loader_module and data_path",
        )

    @hookimpl
    def modelpack_load_model(self, context: LoadContext[PythonFunctionConf]) -> Any:
        """Unpickle the instance and give it its context (S36), or let the loader module load."""
        conf = context.conf
        if conf.python_model is None:
            return _load_data(context)
        model = _unpickle(context, conf.python_model)
        model_context = _model_context(context)
        try:
            model.load_context(context=model_context)
        except ModuleNotFoundError as error:
            from modelpack.pyfunc.missing import missing_module

            raise missing_module(error, f"load_context of {type(model).__name__} needs", context.path) from error
        self._remember(model, model_context)
        return model

    @hookimpl
    def modelpack_pyfunc_adapt(self, model: Any, context: LoadContext[PythonFunctionConf]) -> Predictor:
        """Pass the context to `predict` (S37); take whatever the loader module answered."""
        from modelpack.pyfunc import loader
        from modelpack.pyfunc.calling import PythonModelPredictor

        conf = context.conf
        if conf.python_model is None:
            return loader.predictor(model, conf.predict_fn or "predict", conf.loader_module)
        reference, model_context = self._contexts.get(id(model), (None, None))
        if reference is not None and reference() is model and model_context is not None:
            return PythonModelPredictor(model, model_context)
        model_context = _model_context(context)
        return PythonModelPredictor(_ready_copy(model, model_context), model_context)

    def _remember(self, model: Any, model_context: PythonModelContext) -> None:
        key = id(model)
        forget = weakref.ref(model, lambda _: self._contexts.pop(key, None))
        self._contexts[key] = (forget, model_context)


def _save_instance(model: PythonModel, context: SaveContext[PythonFunctionOptions]) -> PythonFunctionConf:
    import cloudpickle

    from modelpack.package.distributions import distributions_of, installed_version
    from modelpack.pyfunc.artifacts import store_artifacts
    from modelpack.pyfunc.pickling import pickle_model
    from modelpack.pyfunc.python_model import PythonModel

    if type(model).predict is PythonModel.predict:
        raise InvalidArgumentError(
            f"{type(model).__name__} defines no predict", hint="define predict(self, context, model_input) in it"
        )
    modules = pickle_model(model, context.path / PICKLE)
    always = {"cloudpickle", *(name for name in ("numpy", "pandas") if installed_version(name) is not None)}
    return PythonFunctionConf(
        loader_module=CLASS_LOADERS[0],
        python_model=PICKLE,
        cloudpickle_version=cloudpickle.__version__,
        artifacts=store_artifacts(_mapping(context.options.artifacts, "artifacts"), context.path) or None,
        config=_mapping(context.options.model_config_, "model_config") or None,
        distributions=tuple(sorted({*always, *distributions_of(modules - always - _NOT_DISTRIBUTED)})),
    )


def _save_data(model: LoaderModel, context: SaveContext[PythonFunctionOptions]) -> PythonFunctionConf:
    from pathlib import Path

    from modelpack.pyfunc.artifacts import copy as copy_data

    if context.options.artifacts:
        raise InvalidArgumentError("artifacts belong to a python_model; a loader_module has data_path")
    config = _mapping(context.options.model_config_, "model_config") or None
    if model.data_path is None:
        return PythonFunctionConf(loader_module=model.loader_module, config=config)
    from modelpack.stores.resolve import fetch

    source = Path(fetch(model.data_path)).absolute()
    place = f"data/{source.name}"
    copy_data(source, context.path / place)
    return PythonFunctionConf(loader_module=model.loader_module, data=place, config=config)


def _load_data(context: LoadContext[PythonFunctionConf]) -> Any:
    from modelpack.pyfunc.loader import load

    conf = context.conf
    if conf.loader_module in CLASS_LOADERS and conf.model_code_path is None:
        raise InvalidModelError(f"the model in {context.path} names no python_model, and its loader needs one")
    data = context.path if conf.data is None else context.file(conf.data)
    return load(conf.loader_module, data, context.path, _model_config(context))


def _unpickle(context: LoadContext[PythonFunctionConf], pickle: str) -> Any:
    from modelpack.package.code import active_code
    from modelpack.pyfunc.unpickling import unpickle_model

    conf = context.conf
    context.check_version("cloudpickle", conf.cloudpickle_version)
    writer = f"Python {conf.python_version or '(unknown)'} and cloudpickle {conf.cloudpickle_version or '(unknown)'}"
    return unpickle_model(
        context.file(pickle),
        root=context.path,
        compression=conf.python_model_compression,
        code=active_code(),
        saved_with=f"it was saved with {writer}",
    )


def _model_context(context: LoadContext[PythonFunctionConf]) -> PythonModelContext:
    from modelpack.pyfunc.artifacts import artifact_paths
    from modelpack.pyfunc.python_model import PythonModelContext

    return PythonModelContext(artifact_paths(context.conf.artifacts, context.file), _model_config(context))


def _model_config(context: LoadContext[PythonFunctionConf]) -> dict[str, Any]:
    return {**(context.conf.config or {}), **_mapping(context.options.model_config_, "model_config")}


def _ready_copy(model: Any, model_context: PythonModelContext) -> Any:
    """A model that is being saved, with its context loaded; the caller's own object stays as it is."""
    from modelpack.pyfunc.loader import LoaderModel
    from modelpack.pyfunc.python_model import PythonModel

    if isinstance(model, LoaderModel):
        raise InvalidArgumentError(f"{model.loader_module} has not loaded the model yet, so it cannot predict")
    if getattr(type(model), "load_context", None) is PythonModel.load_context:
        return model
    ready = copy.copy(model)
    ready.load_context(context=model_context)
    return ready


def _mapping(value: object, option: str) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise InvalidArgumentError(f"{option} is a {type(value).__qualname__}, but has to be a mapping")
    return dict(value)


def _described(model: object) -> str:
    return f"the class {model.__name__}" if isinstance(model, type) else f"a {type(model).__name__}"


flavor = PythonFunctionFlavor()

"""The TensorFlow flavor (S75 to S80). TensorFlow itself is imported when a model is saved or loaded."""

from __future__ import annotations

import os
import shutil
import warnings
from typing import TYPE_CHECKING, Any

from pydantic import Field

from modelpack import Flavor, FlavorConf, LoadContext, ModelpackWarning, PluginOptions, SaveContext, hookimpl
from modelpack.errors import InvalidArgumentError, InvalidModelError, WrongModelError
from modelpack_flavor_tensorflow import keras_files, saved_models
from modelpack_flavor_tensorflow.library import distributions, tensorflow

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from modelpack import Predictor
    from modelpack_flavor_tensorflow.saved_models import MetaGraph, SavedModel

BY_CALL = "tf2-module"
BY_SIGNATURE = "tf1-estimator"
DIRECTORIES = {BY_CALL: "tf2model", BY_SIGNATURE: "tfmodel"}
"""Where MLflow keeps a SavedModel, by what it calls the model's type: that tells how its generic view predicts."""


class TensorflowOptions(PluginOptions):
    """What `save_model` takes for this flavor.

    Attributes:
        meta_graph_tags: The tags of the graph, for the directory of a SavedModel that holds several.
        signature_def_key: The signature that pyfunc predicts with. None calls the object; where that cannot be called,
            it is `serving_default`, or the only signature there is.
        saved_model_kwargs: What else `tf.saved_model.save` takes, such as `signatures`.
    """

    meta_graph_tags: tuple[str, ...] | None = None
    signature_def_key: str | None = None
    saved_model_kwargs: dict[str, Any] = Field(default_factory=dict)


class TensorflowConf(FlavorConf):
    """What stands under `flavors: tensorflow:`.

    Attributes:
        saved_model_dir: The directory of the SavedModel.
        model_type: MLflow's name for how the generic view predicts: `tf2-module` calls the restored object,
            `tf1-estimator` (or nothing, before MLflow 2) uses a signature; `keras` is a Keras model.
        meta_graph_tags: The tags of its graph.
        signature_def_key: The signature of the generic view.
        tensorflow_version: The release of TensorFlow that wrote it.
        data: The directory of a Keras model.
        keras_version: There, the release of TensorFlow.
        save_format: There, `h5`, `tf` or `keras`.
    """

    saved_model_dir: str | None = None
    model_type: str | None = None
    meta_graph_tags: list[str] | None = None
    signature_def_key: str | None = None
    tensorflow_version: str | None = None
    data: str | None = Field(default=None, exclude=True)
    keras_version: str | None = Field(default=None, exclude=True)
    save_format: str | None = Field(default=None, exclude=True)

    @property
    def is_keras(self) -> bool:
        """Whether a Keras model was saved."""
        return self.saved_model_dir is None


class TensorflowFlavor(Flavor[TensorflowOptions, TensorflowConf]):
    """Saves and loads TensorFlow's modules and SavedModels."""

    name = "tensorflow"
    options_type = TensorflowOptions
    conf_type = TensorflowConf
    loader_modules = ("mlflow.tensorflow", "modelpack_flavor_tensorflow")

    def requirements(self, conf: TensorflowConf) -> Sequence[str]:  # noqa: ARG002 - the same for all
        """TensorFlow, as whichever distribution it is installed, and NumPy."""
        return [*distributions(), "numpy"]

    def executes_code(self, conf: TensorflowConf) -> str | None:
        """Old Keras files can hold code; graphs and other files are judged when they are loaded."""
        return keras_files.HDF5_REASON if conf.is_keras and conf.save_format in {None, "h5"} else None

    @hookimpl
    def modelpack_save_model(self, model: Any, context: SaveContext[TensorflowOptions]) -> TensorflowConf:
        """Write `tf2model` or `tfmodel`, a SavedModel."""
        tf = tensorflow()
        _check_model(model)
        staged = context.path / DIRECTORIES[BY_CALL]
        if isinstance(model, (str, os.PathLike)):
            graph, key = _copied(saved_models.directory(model), staged, context.options)
        else:
            graph, key = _written(model, staged, context.options)
        model_type = BY_CALL if key is None else BY_SIGNATURE
        staged.rename(context.path / DIRECTORIES[model_type])
        return TensorflowConf(
            saved_model_dir=DIRECTORIES[model_type],
            model_type=model_type,
            meta_graph_tags=graph.tags,
            signature_def_key=key,
            tensorflow_version=tf.__version__,
        )

    @hookimpl
    def modelpack_load_model(self, context: LoadContext[TensorflowConf]) -> Any:
        """Restore the object of a SavedModel, once its graphs are judged; or load a Keras model."""
        tensorflow()
        conf = context.conf
        if not conf.is_keras:
            return _restored(context.file(conf.saved_model_dir or ""), context)
        path = keras_files.find(context.file(conf.data or "."))
        if path.is_dir():
            return _restored(path, context)
        context.check_version(distributions()[0], conf.keras_version)
        return keras_files.load(path, context.require_trust, context.options.get("keras_model_kwargs") or {})

    @hookimpl
    def modelpack_pyfunc_adapt(self, model: Any, context: LoadContext[TensorflowConf]) -> Predictor:
        """Predict with a signature, or by calling the object."""
        from modelpack_flavor_tensorflow.predictor import TensorflowPredictor, is_callable, view_of

        conf = context.conf
        if keras_files.is_keras(model):
            return keras_files.KerasPredictor(model)
        if isinstance(model, (str, os.PathLike, tensorflow().Module)):  # it is being saved: only its copy has specs
            model = saved_models.restored(context.path / str(conf.saved_model_dir), conf.meta_graph_tags)
        if conf.is_keras:
            return TensorflowPredictor(view_of(model, saved_models.SERVING_DEFAULT).of_one_output(), model)
        key = conf.signature_def_key
        if key is None and not is_callable(model):
            key = saved_models.read(context.file(str(conf.saved_model_dir))).graph(conf.meta_graph_tags).viewed_by(None)
        return TensorflowPredictor(view_of(model, key), model)


def _check_model(model: Any) -> None:
    if keras_files.is_keras(model):
        raise InvalidArgumentError(
            f"the tensorflow flavor saves SavedModels, and a {type(model).__qualname__} is a Keras model",
            hint="pip install modelpack-flavor-keras saves it as it is; or export it, model.export(directory),"
            " and save the directory",
        )
    tf = tensorflow()
    restored = tf.__internal__.tracking.AutoTrackable
    if isinstance(model, type) or not isinstance(model, (str, os.PathLike, restored)):
        raise WrongModelError("tensorflow", "a tf.Module, a restored SavedModel or the directory of one", model)


def _copied(source: Path, staged: Path, options: TensorflowOptions) -> tuple[MetaGraph, str | None]:
    """Validate a SavedModel as it stands (S75), and copy it."""
    if options.saved_model_kwargs:
        raise InvalidArgumentError("saved_model_kwargs is for an object, and a directory was given")
    saved = saved_models.read(source)
    graph = saved.graph(options.meta_graph_tags)
    key = graph.viewed_by(options.signature_def_key)
    saved_models.restored(source, graph.tags)
    shutil.copytree(source, staged)
    _warn_of_unsafe(saved)
    return graph, key


def _written(model: Any, staged: Path, options: TensorflowOptions) -> tuple[MetaGraph, str | None]:
    arguments = {"signatures": dict(getattr(model, "signatures", None) or {}) or None, **options.saved_model_kwargs}
    tensorflow().saved_model.save(model, str(staged), **arguments)
    saved = saved_models.read(staged)
    graph = saved.graph(options.meta_graph_tags)
    _warn_of_unsafe(saved)
    return graph, graph.viewed_by(options.signature_def_key)


def _reason(model: SavedModel, *, in_session: bool = False) -> str | None:
    """Why loading and calling a SavedModel may do more than compute."""
    from modelpack_flavor_tensorflow.graphs import unsafe_operations

    found = unsafe_operations(model, in_session=in_session)
    return f"its graph holds {', '.join(found)}, which can do more than compute" if found else None


def _warn_of_unsafe(model: SavedModel) -> None:
    reason = _reason(model)
    if reason is not None:
        warnings.warn(f"{reason}; others need to trust this model", ModelpackWarning, stacklevel=2)


def _restored(path: Path, context: LoadContext[TensorflowConf]) -> Any:
    conf, session = context.conf, context.options.get("tf_sess")
    saved = saved_models.read(path)
    context.check_version(distributions()[0], conf.tensorflow_version or saved.tensorflow_version)
    reason = _reason(saved, in_session=session is not None)
    if reason is not None:
        context.require_trust(reason)
    if session is not None:
        return _into_session(session, path, conf)
    model = saved_models.restored(path, conf.meta_graph_tags, **context.options.get("saved_model_kwargs") or {})
    _check_key(conf.signature_def_key, model.signatures)
    return model


def _into_session(session: Any, path: Path, conf: TensorflowConf) -> Any:
    """Load the graph into a session of TensorFlow 1, and answer its signature (S77)."""
    graph = tensorflow().compat.v1.saved_model.load(session, list(conf.meta_graph_tags or ()), str(path))
    _check_key(conf.signature_def_key, graph.signature_def)
    return graph.signature_def[conf.signature_def_key or saved_models.SERVING_DEFAULT]


def _check_key(key: str | None, there: Any) -> None:
    if key is not None and key not in there:
        raise InvalidModelError(f"the model has no signature {key!r}; it has {', '.join(sorted(there)) or 'none'}")


flavor = TensorflowFlavor()

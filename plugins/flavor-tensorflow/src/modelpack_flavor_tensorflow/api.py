"""`save_model`, `log_model`, `log_saved_model` and `load_model` with the argument names of MLflow's tensorflow module.

Until MLflow 2 they took the directory of a SavedModel, its tags and a signature (S75, S76); since, an object. Both
forms are taken here, by position and by name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

from modelpack.errors import InvalidArgumentError
from modelpack.flavor_functions import FlavorFunctions

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

    from modelpack import ModelInfo

_functions = FlavorFunctions("tensorflow")
_OF_DIRECTORY = {
    "tf_saved_model_dir": "model",
    "tf_meta_graph_tags": "meta_graph_tags",
    "tf_signature_def_key": "signature_def_key",
}


@overload
def save_model(model: Any, path: str | os.PathLike[str], conda_env: Any = None, **arguments: Any) -> ModelInfo: ...
@overload
def save_model(
    tf_saved_model_dir: str | os.PathLike[str],
    tf_meta_graph_tags: Iterable[str] | None,
    tf_signature_def_key: str | None,
    path: str | os.PathLike[str],
    **arguments: Any,
) -> ModelInfo: ...
def save_model(*positional: Any, **named: Any) -> ModelInfo:
    """Save a module, a restored SavedModel, or the directory of a SavedModel as a model directory.

    Args:
        *positional: `model, path, conda_env`, or as before MLflow 2 `tf_saved_model_dir, tf_meta_graph_tags,
            tf_signature_def_key, path`.
        **named: The same by name; `meta_graph_tags`, `signature_def_key` and `saved_model_kwargs`, the flavor's
            options; and what every flavor takes, see `modelpack.flavor_functions.SaveArguments`.

    Returns:
        What was saved, and where.

    Raises:
        AlreadyExistsError: There is something at `path`.
        InvalidArgumentError: An argument cannot be used: there is no SavedModel, or not with these tags or this
            signature. Nothing was written.
    """
    model, path, arguments = _bound("path", positional, named)
    return _functions.save(model, path, **arguments)


@overload
def log_model(
    model: Any, artifact_path: str | None = None, conda_env: Any = None, *, name: str | None = None, **arguments: Any
) -> ModelInfo: ...
@overload
def log_model(
    tf_saved_model_dir: str | os.PathLike[str],
    tf_meta_graph_tags: Iterable[str] | None,
    tf_signature_def_key: str | None,
    artifact_path: str,
    **arguments: Any,
) -> ModelInfo: ...
def log_model(*positional: Any, **named: Any) -> ModelInfo:
    """Save a model into the active run, starting one when none is; arguments as in `save_model`.

    Returns:
        What was saved; its `model_uri` loads the model again.
    """
    model, artifact_path, arguments = _bound("artifact_path", positional, named)
    return _functions.log(model, artifact_path, **arguments)


def log_saved_model(
    saved_model_dir: str | os.PathLike[str], signature_def_key: str | None, artifact_path: str, **arguments: Any
) -> ModelInfo:
    """Log the directory of a SavedModel, as until MLflow 0.7; a copy is logged, the directory itself is left alone.

    Args:
        saved_model_dir: The directory.
        signature_def_key: The signature that pyfunc predicts with.
        artifact_path: Where in the run.
        **arguments: What else `log_model` takes.
    """
    return _functions.log(saved_model_dir, artifact_path, signature_def_key=signature_def_key, **arguments)


def load_model(
    model_uri: str | os.PathLike[str], tf_sess: Any = None, run_id: str | None = None, **arguments: Any
) -> Any:
    """Load the object of a SavedModel.

    Args:
        model_uri: A directory or URI.
        tf_sess: A session of TensorFlow 1 with a graph of its own: the model is loaded into that, and its
            `SignatureDef` is the answer.
        run_id: When given, `model_uri` is a path in this run (MLflow before 1.0).
        **arguments: `trust` and `versions` as in `modelpack.load_model`; `saved_model_kwargs` for
            `tf.saved_model.load`, and `keras_model_kwargs` for Keras models of older releases.

    Raises:
        TrustError: The graph may do more than compute, and the caller does not trust the model.
        NotFoundError: There is no such model, or it does not have the flavor.
    """
    return _functions.load(model_uri, run_id, tf_sess=tf_sess, **arguments)


def get_default_conda_env() -> dict[str, Any]:
    """The conda environment that is saved when none is given."""
    from modelpack.flavor_functions import default_conda_env
    from modelpack_flavor_tensorflow.library import distributions

    return default_conda_env(*distributions())


def _bound(destination: str, positional: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, Any, dict[str, Any]]:
    """The model, the destination, and the other arguments, whichever of the two forms was used."""
    is_old = len(positional) > 3 or (len(positional) == 3 and destination in named) or _OF_DIRECTORY.keys() & named  # noqa: PLR2004 - arguments
    names = [*_OF_DIRECTORY, destination] if is_old else ["model", destination, "conda_env"]
    given = dict(zip(names, positional, strict=False))
    twice = given.keys() & named.keys()
    if twice or len(positional) > len(names):
        raise InvalidArgumentError(
            f"{', '.join(sorted(twice)) or repr(positional[-1])} is one argument too many",
            hint=f"by position come {', '.join(names)}",
        )
    given = {_OF_DIRECTORY.get(name, name): value for name, value in {**given, **named}.items()}
    missing = [name for name in ("model", destination) if name not in given and "name" not in given]
    if missing:
        raise InvalidArgumentError(f"{' and '.join(missing)} is missing", hint=f"give {', '.join(names)}")
    return given.pop("model"), given.pop(destination, None), given

"""Where a Keras model stands in a model directory, and how it is written and read."""

from __future__ import annotations

import pickle
import warnings
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any

from modelpack.errors import InvalidModelError
from modelpack_flavor_keras.audit import Audit, audit
from modelpack_flavor_keras.containers import HDF5_SUFFIXES, read_descriptions

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from pathlib import Path

CUSTOM_OBJECTS = "custom_objects.cloudpickle"
KERAS_MODULE = "keras_module.txt"
_NAMES = ("model.keras", "model.h5", "model.hdf5")


def find(data: Path, *, is_exported: bool) -> Path:
    """The file of a model, in the directory of this era or the file itself of the first ones.

    Raises:
        InvalidModelError: There is none that Keras 3 reads.
    """
    if data.is_dir():
        if is_exported or (data / "model").is_dir():
            raise InvalidModelError(
                f"{data.name}/model is a TensorFlow SavedModel, which Keras 3 does not load as a model",
                hint="save the model as .keras or .h5 with the Keras that made it, and then with modelpack",
            )
        data = next((data / name for name in _NAMES if (data / name).is_file()), data)
    if data.suffix not in {".keras", *HDF5_SUFFIXES}:
        raise InvalidModelError(f"{data.name} holds no model: none of {', '.join(_NAMES)} is there")
    return data


def write(model: Any, path: Path, *, with_optimizer: bool) -> None:
    """Write a model as `.keras` or `.h5`, as the path ends."""
    with _quietly():
        if path.suffix in HDF5_SUFFIXES:
            model.save(str(path), include_optimizer=with_optimizer)
        else:
            model.save(str(path))


def audited(path: Path, *, compile: bool, given: Collection[str] = ()) -> Audit:  # noqa: A002 - Keras's word
    """What loading a file would load beyond Keras's own; nothing is loaded."""
    import keras

    descriptions = read_descriptions(path, with_training=compile)
    return audit(descriptions, registered=keras.saving.get_custom_objects(), given=given)


def read(
    path: Path,
    require_trust: Callable[[str], None],
    *,
    custom_objects: Mapping[str, Any],
    compile: bool,  # noqa: A002 - Keras's word
    safe_mode: bool | None = None,
) -> Any:
    """Load a file; what it names beyond Keras's own needs the caller's trust, whatever the model says of it.

    Args:
        path: The file.
        require_trust: Called with the reason where the file holds code, or names classes that are not Keras's.
        custom_objects: Classes and functions by the names that the file gives them.
        compile: With the optimizer and its state, the losses and the metrics.
        safe_mode: True refuses lambdas from trusted models as well.

    Raises:
        TrustError: The caller does not trust the model, and it needs trust.
        InvalidModelError: The file reaches outside itself, or would fill the memory.
    """
    import keras

    found = audited(path, compile=compile, given=custom_objects)
    if found.beyond:
        names = ", ".join(sorted(found.beyond))
        require_trust(f"{path.name} holds {names}: what that is runs, with what the file says, when it is loaded")
        _import_modules(found.modules)
    with _quietly(), _no_weights_left_out():
        return keras.saving.load_model(
            str(path),
            custom_objects=dict(custom_objects),
            compile=compile,
            safe_mode=not found.code if safe_mode is None else safe_mode,
        )


def read_custom_objects(path: Path, require_trust: Callable[[str], None]) -> dict[str, Any]:
    """The custom objects that MLflow 1 pickled beside a model; none where there is no such file.

    Raises:
        TrustError: There is one, and the caller does not trust the model.
    """
    if not path.is_file():
        return {}
    require_trust(f"{path.name} is a pickle, and unpickling runs whatever it holds")
    with path.open("rb") as file:
        found = pickle.load(file)  # noqa: S301 - trusted, as the line above has made sure
    if not isinstance(found, dict):
        raise InvalidModelError(f"{path.name} holds a {type(found).__name__}, not a dict")
    return found


def _import_modules(names: Collection[str]) -> None:
    """Let the model's code register its classes; what is missing then, Keras says."""
    for name in sorted(filter(None, names)):
        with suppress(ImportError):
            import_module(name)


@contextmanager
def _quietly() -> Iterator[None]:
    """Keep back what Keras's variables and NumPy have to settle between them."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "__array__ implementation doesn't accept a copy", DeprecationWarning)
        yield


@contextmanager
def _no_weights_left_out() -> Iterator[None]:
    """Keras warns of layers that keep their random weights as the file has none for them; that is no model."""
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message="Skipping nested container")
        yield

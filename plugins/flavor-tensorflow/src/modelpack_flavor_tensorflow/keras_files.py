"""Keras models that MLflow 2 and 3 saved with their tensorflow flavor: read, never written.

They hold `data/model.keras`, `data/model.h5`, or `data/model`, the SavedModel of a Keras before 3, and now and then
pickles of custom objects. The first two are read by the plugin for Keras, which knows what in them could run code; new
Keras models are saved with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelpack.errors import InvalidModelError, MissingDependencyError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from modelpack import Predictor

NAMES = ("model.keras", "model.h5", "model")
PICKLES = ("custom_objects.cloudpickle", "global_custom_objects.cloudpickle")


def is_keras(model: object) -> bool:
    """Whether it is a Keras model or layer, of whatever Keras; nothing is imported."""
    return any(kind.__module__.partition(".")[0] in {"keras", "tf_keras"} for kind in type(model).__mro__)


def find(data: Path) -> Path:
    """The model in the directory that MLflow calls `data`.

    Raises:
        InvalidModelError: There is none.
    """
    found = [data / name for name in NAMES if (data / name).exists()]
    if not found:
        raise InvalidModelError(f"{data.name} holds no Keras model", hint=f"it would be one of {', '.join(NAMES)}")
    return found[0]


def load(path: Path, require_trust: Callable[[str], None], arguments: Mapping[str, Any]) -> Any:
    """Load a `.keras` or `.h5` file; whatever in it may run code needs the caller's trust.

    Args:
        path: The file.
        require_trust: Called with the reason where it does.
        arguments: `compile`, `safe_mode` and `custom_objects`, as Keras has them.

    Raises:
        TrustError: It may run code, and the caller does not trust the model.
        MissingDependencyError: The plugin for Keras is not installed.
    """
    formats = _plugin_for_keras().formats
    custom: dict[str, Any] = {}
    for name in reversed(PICKLES):
        custom |= formats.read_custom_objects(path.parent / name, require_trust)
    custom |= arguments.get("custom_objects") or {}
    chosen = {"compile": False, **arguments, "custom_objects": custom}
    return formats.read(path, require_trust, **chosen)


def predictor(model: Any) -> Predictor:
    """The generic Python view of a Keras model."""
    plugin = _plugin_for_keras()
    view: Predictor = plugin.KerasPredictor(model, plugin.backends.import_keras(None).backend.backend())
    return view


def _plugin_for_keras() -> Any:
    try:
        import modelpack_flavor_keras.flavor as plugin
    except ModuleNotFoundError as error:
        if not str(error.name).startswith("modelpack_flavor_keras"):
            raise
        raise MissingDependencyError(
            "the model is a Keras model, which the plugin for Keras reads; it is not installed",
            hint="pip install modelpack-flavor-keras",
        ) from error
    return plugin

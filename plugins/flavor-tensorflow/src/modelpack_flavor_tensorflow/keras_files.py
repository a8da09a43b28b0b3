"""Keras models that MLflow 2 and 3 saved with their tensorflow flavor: read, never written.

They hold `data/model.keras`, `data/model.h5`, or `data/model`, the SavedModel of a Keras before 3, and now and then
pickles of custom objects. New Keras models are saved with modelpack-flavor-keras.
"""

from __future__ import annotations

import json
import pickle
import re
from threading import Lock
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile, ZipFile

from modelpack.errors import InvalidModelError, MissingDependencyError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

NAMES = ("model.keras", "model.h5", "model")
PICKLES = ("custom_objects.cloudpickle", "global_custom_objects.cloudpickle")
HDF5_REASON = "a Keras model in an HDF5 file can hold code, which Keras runs when it loads or calls the model"
PLAIN_MODULES = re.compile(
    r"keras(\.src)?\.(activations|constraints|dtype_policies|initializers|layers|losses|metrics|models|optimizers"
    r"|quantizers|regularizers)(\.[a-z_0-9.]+)?|keras"
)
NOT_PLAIN = {"FlaxLayer", "JaxLayer", "Lambda", "TFSMLayer", "TorchModuleWrapper", "__lambda__", "function"}


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

    Raises:
        TrustError: It may run code, and the caller does not trust the model.
        MissingDependencyError: Keras is not installed.
    """
    reason = HDF5_REASON if path.suffix == ".h5" else _reason(path)
    if reason is not None:
        require_trust(reason)
    custom = _custom_objects(path.parent, require_trust)
    try:
        import keras
    except ModuleNotFoundError as error:
        raise MissingDependencyError("keras is not installed", hint="pip install keras") from error
    custom |= arguments.get("custom_objects") or {}
    chosen = {"compile": False, "safe_mode": reason is None, **arguments, "custom_objects": custom or None}
    return keras.models.load_model(path, **chosen)


def _custom_objects(data: Path, require_trust: Callable[[str], None]) -> dict[str, Any]:
    """What MLflow pickled beside the model."""
    found: dict[str, Any] = {}
    for path in (data / name for name in reversed(PICKLES) if (data / name).exists()):
        require_trust(f"{path.name} is a pickle, and unpickling runs whatever it holds")
        with path.open("rb") as file:
            found |= pickle.load(file)  # noqa: S301 - the caller trusts the model
    return found


def _reason(path: Path) -> str | None:
    """Why loading a `.keras` file may run code; None when it names nothing but plain parts of Keras."""
    try:
        with ZipFile(path) as archive:
            config = json.loads(archive.read("config.json"))
    except (BadZipFile, KeyError, OSError, ValueError) as error:
        raise InvalidModelError(f"{path.name} cannot be read: {error}") from error
    other = next((told for told in map(_other, _mappings(config)) if told is not None), None)
    return None if other is None else f"{path.name} holds {other}, which may run code"


def _mappings(config: Any) -> Iterator[dict[str, Any]]:
    waiting = [config]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            yield value
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)


def _other(node: dict[str, Any]) -> str | None:
    """What a node of the config names beyond plain parts of Keras."""
    if isinstance(node.get("vocabulary"), str):
        return "a vocabulary in another file"
    name, module = node.get("class_name"), node.get("module")
    if name is None and module is None:
        return None
    plain = module is None or PLAIN_MODULES.fullmatch(str(module)) is not None
    return None if plain and name not in NOT_PLAIN else f"{module}.{name}"


class KerasPredictor:
    """Asks Keras for predictions, one batch at a time: it prepares itself at the first one."""

    def __init__(self, model: Any) -> None:
        """Wrap a Keras model."""
        self._model = model
        self._lock = Lock()

    def predict(self, data: Any, params: Mapping[str, Any] | None = None) -> Any:  # noqa: ARG002 - Keras has none
        """Score one batch; a DataFrame of one matrix is answered as a DataFrame with its index, as in MLflow."""
        is_frame = hasattr(data, "columns")
        with self._lock:
            answer = self._model.predict(data.to_numpy() if is_frame else data, verbose=0)
        if isinstance(answer, (list, tuple)):
            return {str(place): part for place, part in enumerate(answer)}
        if not is_frame or isinstance(answer, dict) or answer.ndim > 2:  # noqa: PLR2004 - what a frame holds
            return answer
        import pandas as pd

        return pd.DataFrame(answer, index=data.index)

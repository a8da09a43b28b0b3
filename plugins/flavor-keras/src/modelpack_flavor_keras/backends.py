"""Which library computes for Keras, and how a model is called on each of them."""

from __future__ import annotations

import os
import sys
import warnings
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from threading import Lock
from typing import TYPE_CHECKING, Any

from modelpack.errors import MissingDependencyError, ModelpackWarning

if TYPE_CHECKING:
    from collections.abc import Callable

    Call = Callable[[Any], Any]

BACKENDS = {
    "tensorflow": ("tensorflow", "tensorflow-cpu", "tensorflow-intel", "tensorflow-macos", "tf-nightly"),
    "jax": ("jax",),
    "torch": ("torch",),
}
"""The backends by the name that Keras gives them, with the distributions that hold each."""
_VARIABLE = "KERAS_BACKEND"
_importing = Lock()


def import_keras(recorded: str | None) -> Any:
    """Keras, on the backend of a model where nothing has decided yet.

    Keras reads the environment variable `KERAS_BACKEND` once, when it is imported first. It is set for that moment
    only, and not at all where the user has set it.

    Raises:
        ModuleNotFoundError: Keras, or the backend that the user has chosen, is not installed.
        MissingDependencyError: No backend is.
    """
    with _importing:
        if "keras" in sys.modules or _VARIABLE in os.environ:
            return import_module("keras")
        os.environ[_VARIABLE] = _installed(recorded)
        try:
            return import_module("keras")
        finally:
            del os.environ[_VARIABLE]


def tell_difference(recorded: str | None, running: str) -> None:
    """Warn that a model runs on another backend than it was saved with."""
    if recorded not in (None, running):
        warnings.warn(
            f"the model was saved with Keras on {recorded}, and Keras runs on {running} here:"
            " predictions can differ in the last digits",
            ModelpackWarning,
            stacklevel=2,
        )


def distributions(backend: str | None) -> list[str]:
    """The distribution that a backend is installed from, such as `tensorflow-cpu`; at most one."""
    return list(filter(_is_installed, BACKENDS.get(backend or "", ())))[:1]


def caller(model: Any, backend: str) -> Call:
    """What computes a model's outputs for inputs of any number of rows, from several threads at a time.

    Keras's own `predict` is not for threads: on JAX it gives the buffers of the weights away while it computes. It
    also takes milliseconds more for one row.
    """
    makers: dict[str, Callable[[Any], Call]] = {"jax": _on_jax, "tensorflow": _on_tensorflow, "torch": _on_torch}
    return makers.get(backend, _plainly)(model)


def _is_installed(distribution: str) -> bool:
    try:
        return bool(version(distribution))
    except PackageNotFoundError:
        return False


def _installed(recorded: str | None) -> str:
    for name in dict.fromkeys([recorded, *BACKENDS]):
        if name in BACKENDS and find_spec(str(name)) is not None:
            return str(name)
    raise MissingDependencyError(
        "Keras computes with JAX, PyTorch or TensorFlow, and none of them is installed",
        hint=f"pip install 'modelpack-flavor-keras[{recorded if recorded in BACKENDS else 'jax'}]'",
    )


def _plainly(model: Any) -> Call:
    import keras

    return lambda data: keras.tree.map_structure(keras.ops.convert_to_numpy, model(data, training=False))


def _on_jax(model: Any) -> Call:
    import jax
    import keras
    import numpy as np

    def compute(values: Any, data: Any) -> Any:
        with keras.StatelessScope(state_mapping=list(zip(_state(model), values, strict=True))):
            return model(data, training=False)

    compiled = jax.jit(compute)
    return lambda data: jax.tree.map(np.asarray, compiled([variable.value for variable in _state(model)], data))


def _state(model: Any) -> list[Any]:
    return [*model.trainable_variables, *model.non_trainable_variables]


def _on_tensorflow(model: Any) -> Call:
    import keras
    import tensorflow as tf

    compute = tf.function(lambda data: model(data, training=False), reduce_retracing=True)
    return lambda data: keras.tree.map_structure(lambda tensor: tensor.numpy(), compute(data))


def _on_torch(model: Any) -> Call:
    import keras
    import torch

    def call(data: Any) -> Any:
        with torch.no_grad():
            outputs = model(data, training=False)
        return keras.tree.map_structure(_of_torch, outputs)

    return call


def _of_torch(tensor: Any) -> Any:
    """NumPy has no bfloat16."""
    return (tensor.float() if str(tensor.dtype) == "torch.bfloat16" else tensor).cpu().numpy()

"""Keras 3 models for modelpack, on any backend: checked before they are loaded, read from every MLflow release."""

from modelpack_flavor_keras.api import get_default_conda_env, load_model, log_model, save_model

__all__ = ["get_default_conda_env", "load_model", "log_model", "save_model"]

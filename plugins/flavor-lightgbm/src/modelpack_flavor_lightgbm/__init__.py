"""LightGBM models for modelpack: saved without pickle, columns checked by name, read from every MLflow release."""

from modelpack_flavor_lightgbm.api import get_default_conda_env, load_model, log_model, save_model

__all__ = ["get_default_conda_env", "load_model", "log_model", "save_model"]

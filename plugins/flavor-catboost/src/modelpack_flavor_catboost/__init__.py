"""CatBoost models for modelpack: saved exactly and without pickle, read from every MLflow release."""

from modelpack_flavor_catboost.api import get_default_conda_env, load_model, log_model, save_model

__all__ = ["get_default_conda_env", "load_model", "log_model", "save_model"]

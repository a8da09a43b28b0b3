"""XGBoost models for modelpack: saved in XGBoost's own formats, read from every MLflow release."""

from modelpack_flavor_xgboost.api import get_default_conda_env, load_model, log_model, save_model

__all__ = ["get_default_conda_env", "load_model", "log_model", "save_model"]

"""TensorFlow models for modelpack: SavedModels, written and read as MLflow does."""

from modelpack_flavor_tensorflow.api import (
    get_default_conda_env,
    load_model,
    log_model,
    log_saved_model,
    save_model,
)

__all__ = ["get_default_conda_env", "load_model", "log_model", "log_saved_model", "save_model"]

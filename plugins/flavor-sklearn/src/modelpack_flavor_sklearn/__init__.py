"""scikit-learn models for modelpack: saved without pickle, read from every MLflow release."""

from modelpack_flavor_sklearn.api import get_default_conda_env, load_model, log_model, save_model
from modelpack_flavor_sklearn.formats import (
    SERIALIZATION_FORMAT_CLOUDPICKLE,
    SERIALIZATION_FORMAT_PICKLE,
    SERIALIZATION_FORMAT_SKOPS,
    SUPPORTED_SERIALIZATION_FORMATS,
)

__all__ = [
    "SERIALIZATION_FORMAT_CLOUDPICKLE",
    "SERIALIZATION_FORMAT_PICKLE",
    "SERIALIZATION_FORMAT_SKOPS",
    "SUPPORTED_SERIALIZATION_FORMATS",
    "get_default_conda_env",
    "load_model",
    "log_model",
    "save_model",
]

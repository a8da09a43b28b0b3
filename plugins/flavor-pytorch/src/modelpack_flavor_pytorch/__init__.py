"""PyTorch models for modelpack: exported programs that run no code, read from every MLflow release."""

from modelpack_flavor_pytorch.api import get_default_conda_env, load_model, log_model, save_model

SERIALIZATION_FORMAT_PICKLE = "pickle"
SERIALIZATION_FORMAT_PT2 = "pt2"

__all__ = [
    "SERIALIZATION_FORMAT_PICKLE",
    "SERIALIZATION_FORMAT_PT2",
    "get_default_conda_env",
    "load_model",
    "log_model",
    "save_model",
]

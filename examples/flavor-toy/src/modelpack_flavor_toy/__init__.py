"""toy models for modelpack."""

from modelpack_flavor_toy.api import (
    get_default_conda_env,
    load_model,
    log_model,
    save_model,
)

__all__ = ["get_default_conda_env", "load_model", "log_model", "save_model"]

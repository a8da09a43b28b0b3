"""Models of statsmodels for modelpack."""

from modelpack_flavor_statsmodels.api import (
    get_default_conda_env,
    load_model,
    log_model,
    save_model,
)

__all__ = ["get_default_conda_env", "load_model", "log_model", "save_model"]

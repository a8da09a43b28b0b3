"""H2O-3 models for modelpack: scored in process by their MOJO, without a cluster, or by H2O itself."""

from modelpack_flavor_h2o.api import get_default_conda_env, load_model, log_model, save_model

__all__ = ["get_default_conda_env", "load_model", "log_model", "save_model"]

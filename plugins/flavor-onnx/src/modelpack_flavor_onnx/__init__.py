"""ONNX models for modelpack: checked when saved, scored by ONNX Runtime, read from every MLflow release."""

from modelpack_flavor_onnx.api import get_default_conda_env, load_model, log_model, save_model
from modelpack_flavor_onnx.settings import ONNX_EXECUTION_PROVIDERS

__all__ = ["ONNX_EXECUTION_PROVIDERS", "get_default_conda_env", "load_model", "log_model", "save_model"]

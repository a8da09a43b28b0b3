"""The generic Python view: custom Python models, and models of every flavor loaded as one kind of object."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modelpack.pyfunc.default_environment import get_default_conda_env as get_default_conda_env
    from modelpack.pyfunc.load import load_model as load_model
    from modelpack.pyfunc.load import load_pyfunc as load_pyfunc
    from modelpack.pyfunc.model import PyFuncModel as PyFuncModel
    from modelpack.pyfunc.python_model import PythonModel as PythonModel
    from modelpack.pyfunc.python_model import PythonModelContext as PythonModelContext
    from modelpack.pyfunc.save import FLAVOR_NAME as FLAVOR_NAME
    from modelpack.pyfunc.save import add_to_model as add_to_model
    from modelpack.pyfunc.save import log_model as log_model
    from modelpack.pyfunc.save import save_model as save_model
    from modelpack.pyfunc.spark import spark_udf as spark_udf

    DEFAULT_CONDA_ENV: dict[str, Any]

_MODULES = {
    "FLAVOR_NAME": "modelpack.pyfunc.save",
    "PyFuncModel": "modelpack.pyfunc.model",
    "PythonModel": "modelpack.pyfunc.python_model",
    "PythonModelContext": "modelpack.pyfunc.python_model",
    "add_to_model": "modelpack.pyfunc.save",
    "get_default_conda_env": "modelpack.pyfunc.default_environment",
    "load_model": "modelpack.pyfunc.load",
    "load_pyfunc": "modelpack.pyfunc.load",
    "log_model": "modelpack.pyfunc.save",
    "save_model": "modelpack.pyfunc.save",
    "spark_udf": "modelpack.pyfunc.spark",
}

__all__ = ["DEFAULT_CONDA_ENV", *_MODULES]  # noqa: PLE0604 - the table is the list


def __getattr__(name: str) -> Any:
    if name == "DEFAULT_CONDA_ENV":  # a constant in MLflow 0.9 (S51); made when it is asked for, and never shared
        return import_module("modelpack.pyfunc.default_environment").get_default_conda_env()
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module 'modelpack.pyfunc' has no attribute {name!r}")
    return getattr(import_module(module), name)


def __dir__() -> list[str]:
    return sorted(__all__)

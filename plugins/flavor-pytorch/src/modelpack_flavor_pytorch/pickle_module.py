"""The default `pickle_module` of `torch.save`: writes with cloudpickle, so that classes of `__main__` survive (S67)."""

from __future__ import annotations

from pickle import Unpickler, dump, dumps, load, loads
from typing import Any

MLFLOW_NAME = "mlflow.pytorch.pickle_module"
"""What stands in a model for this module: the name of its like in MLflow, which reads the model by it."""
READ_BY_PICKLE = frozenset({MLFLOW_NAME, __name__, "cloudpickle", "pickle"})
"""Modules whose streams the standard library reads; PyTorch wants no `pickle_module` for them."""

__all__ = ["MLFLOW_NAME", "READ_BY_PICKLE", "Unpickler", "dump", "dumps", "load", "loads"]


def __getattr__(name: str) -> Any:
    """`Pickler` is cloudpickle's, imported when it is asked for."""
    if name == "Pickler":
        from cloudpickle import CloudPickler

        return CloudPickler
    raise AttributeError(name)

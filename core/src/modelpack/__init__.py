"""Package any machine-learning model in MLflow's format; load, score and serve it anywhere.

Names are imported when they are first used, so `import modelpack` loads no third-party library.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from modelpack import batch as batch
    from modelpack import deployments as deployments
    from modelpack import models as models
    from modelpack import pyfunc as pyfunc
    from modelpack.contexts import BatchContext as BatchContext
    from modelpack.contexts import DeployContext as DeployContext
    from modelpack.contexts import LoadContext as LoadContext
    from modelpack.contexts import LocalRunContext as LocalRunContext
    from modelpack.contexts import SaveContext as SaveContext
    from modelpack.deployments.applying import deploy as deploy
    from modelpack.errors import DeployError as DeployError
    from modelpack.errors import ModelpackError as ModelpackError
    from modelpack.errors import ModelpackWarning as ModelpackWarning
    from modelpack.hookspecs import hookimpl as hookimpl
    from modelpack.interfaces import Engine as Engine
    from modelpack.interfaces import Flavor as Flavor
    from modelpack.interfaces import FlavorConf as FlavorConf
    from modelpack.interfaces import PluginOptions as PluginOptions
    from modelpack.interfaces import Predictor as Predictor
    from modelpack.interfaces import Target as Target
    from modelpack.package.info import ModelInfo as ModelInfo
    from modelpack.package.load import load_model as load_model
    from modelpack.package.save import save_model as save_model
    from modelpack.schema.inference import infer_signature as infer_signature
    from modelpack.schema.signature import ModelSignature as ModelSignature
    from modelpack.tracking.log import log_model as log_model
    from modelpack.tracking.runs import active_run as active_run
    from modelpack.tracking.runs import start_run as start_run

_MODULES = {
    "BatchContext": "modelpack.contexts",
    "DeployContext": "modelpack.contexts",
    "DeployError": "modelpack.errors",
    "Engine": "modelpack.interfaces",
    "Flavor": "modelpack.interfaces",
    "FlavorConf": "modelpack.interfaces",
    "LoadContext": "modelpack.contexts",
    "LocalRunContext": "modelpack.contexts",
    "ModelInfo": "modelpack.package.info",
    "ModelSignature": "modelpack.schema.signature",
    "ModelpackError": "modelpack.errors",
    "ModelpackWarning": "modelpack.errors",
    "PluginOptions": "modelpack.interfaces",
    "Predictor": "modelpack.interfaces",
    "SaveContext": "modelpack.contexts",
    "Target": "modelpack.interfaces",
    "active_run": "modelpack.tracking.runs",
    "batch": "modelpack",
    "deploy": "modelpack.deployments.applying",
    "deployments": "modelpack",
    "hookimpl": "modelpack.hookspecs",
    "infer_signature": "modelpack.schema.inference",
    "load_model": "modelpack.package.load",
    "log_model": "modelpack.tracking.log",
    "models": "modelpack",
    "pyfunc": "modelpack",
    "save_model": "modelpack.package.save",
    "start_run": "modelpack.tracking.runs",
}

__all__ = [  # noqa: PLE0604 - the table is the list
    "__version__",
    *_MODULES,
]


def __getattr__(name: str) -> Any:
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module 'modelpack' has no attribute {name!r}")
    value = import_module(f"modelpack.{name}") if module == "modelpack" else getattr(import_module(module), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)

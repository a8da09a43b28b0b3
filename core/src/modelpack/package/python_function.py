"""What stands under `python_function:`, the generic Python view of a model."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING, Any

from modelpack.package.environment import FILES

if TYPE_CHECKING:
    from modelpack.interfaces import Flavor, FlavorConf, PluginOptions

NAME = "python_function"


def python_function_conf(flavor: Flavor[Any, Any], conf: FlavorConf, options: PluginOptions) -> dict[str, Any] | None:
    """What core writes for a flavor; None when the flavor, or this model of it, has no generic view."""
    common = {"python_version": platform.python_version(), "env": dict(FILES)}
    if flavor.name == NAME:
        return {**conf.model_dump(), **common}
    own = flavor.pyfunc_conf(conf, options) if flavor.loader_modules else None
    return None if own is None else {"loader_module": flavor.loader_modules[0], **common, **own}

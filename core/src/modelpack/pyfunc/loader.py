"""Models that a loader module of the user's makes from files (S18, S19, and workflow A of S32)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from modelpack.errors import InvalidArgumentError, InvalidModelError, ModelFailureError
from modelpack.pyfunc.calling import FunctionPredictor, takes
from modelpack.pyfunc.missing import missing_module

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from types import ModuleType

HOOKS = ("_load_pyfunc", "load_pyfunc")
_MODULE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")


@dataclass(frozen=True, slots=True)
class LoaderModel:
    """Files, and the module whose `_load_pyfunc` makes a model of them.

    Attributes:
        loader_module: The module's name, as it is imported.
        data_path: The file or directory that the function is given; a path or any URI that modelpack can fetch. None
            when it finds what it needs in the model directory.
    """

    loader_module: str
    data_path: str | os.PathLike[str] | None = None

    def __post_init__(self) -> None:
        """Check the module's name; nothing is imported."""
        check_module_name(self.loader_module, InvalidArgumentError)


def check_module_name(name: object, error: type[InvalidArgumentError | InvalidModelError]) -> str:
    """The name, if it can be that of a module.

    Raises:
        ModelpackError: It cannot; an error of the given class.
    """
    if not isinstance(name, str) or _MODULE.fullmatch(name) is None:
        raise error(
            f"loader_module is {name!r}, which cannot be the name of a module", hint="give it as package.module"
        )
    return name


def load(name: str, data: Path, root: Path, model_config: Mapping[str, Any]) -> Any:
    """Import a loader module and let it load.

    Args:
        name: The module.
        data: What its function is given.
        root: The model directory, for its requirements.
        model_config: The model's configuration, for functions that take it.

    Raises:
        MissingDependencyError: The module, or one that it imports, is not installed.
        ModelFailureError: The module has no such function, or the function failed.
    """
    check_module_name(name, InvalidModelError)
    module = _imported(name, root)
    function = _hook(module)
    try:
        return function(str(data), dict(model_config)) if takes(function, "model_config") else function(str(data))
    except ModuleNotFoundError as error:
        raise missing_module(error, f"the loader module {name!r} of the model needs", root) from error


def predictor(model: Any, predict_fn: str, loader_module: str) -> FunctionPredictor:
    """The predictor of what a loader module answered.

    Raises:
        ModelFailureError: It has no such function and is none.
    """
    function = getattr(model, predict_fn, None) or (model if callable(model) else None)
    if not callable(function):
        raise ModelFailureError(
            f"the loader module {loader_module!r} answered a {type(model).__name__}, which has no {predict_fn}()",
            hint="_load_pyfunc returns an object with predict(model_input), or a function",
        )
    return FunctionPredictor(model, function)


def _imported(name: str, root: Path) -> ModuleType:
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        subject = "the model is loaded by" if error.name == name else f"the loader module {name!r} of the model needs"
        raise missing_module(error, subject, root) from error


def _hook(module: ModuleType) -> Callable[..., Any]:
    for name in HOOKS:
        function = getattr(module, name, None)
        if callable(function):
            return function  # type: ignore[no-any-return]  # callable() narrows to a callable of anything
    raise ModelFailureError(
        f"the loader module {module.__name__!r} has no _load_pyfunc",
        hint="define _load_pyfunc(path) in it; it returns an object with predict(model_input)",
    )

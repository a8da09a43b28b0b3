"""Reading the pickle of a `PythonModel`, with errors that say what is missing.

Only the trust check stands before this code: what it reads may run anything.
"""

from __future__ import annotations

import pickle
import platform
from importlib import import_module
from types import FunctionType
from typing import IO, TYPE_CHECKING, Any

import cloudpickle

from modelpack.errors import InvalidModelError, ModelFailureError, ModelpackError
from modelpack.pyfunc.missing import missing_module
from modelpack.pyfunc.stand_ins import stand_in

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import ModuleType

    from modelpack.package.code import ModelCode

_COMPRESSIONS = {"gzip": "gzip", "bzip2": "bz2", "lzma": "lzma"}
_CLOUDPICKLE = {"cloudpickle", "cloudpickle.cloudpickle", "cloudpickle.cloudpickle_fast"}


def unpickle_model(
    path: Path, *, root: Path, compression: str | None = None, code: ModelCode | None = None, saved_with: str = ""
) -> Any:
    """Read a pickled model.

    Functions and classes in the pickle are made anew for each call, so that two models which were saved with one class
    never share it, and their functions import the modules of `code`.

    Args:
        path: The pickle.
        root: The model directory, for its requirements.
        compression: `gzip`, `bzip2` or `lzma`.
        code: The modules that come with the model.
        saved_with: The versions that wrote the pickle, for errors.

    Raises:
        MissingDependencyError: A module that the pickle refers to is not installed.
        ModelFailureError: The pickle is damaged, or was written by another Python or other libraries.
        InvalidModelError: The compression is unknown.
    """
    if compression is not None and compression not in _COMPRESSIONS:
        raise InvalidModelError(f"{path.name} is compressed with {compression!r}, which modelpack does not know")
    try:
        with _opened(path, compression) as file:
            return _ModelUnpickler(file, code).load()
    except ModelpackError:
        raise
    except ModuleNotFoundError as error:
        raise missing_module(error, f"the pickled model {path.name} needs", root) from error
    except Exception as error:
        raise ModelFailureError(
            f"the pickled model {path} cannot be read: {type(error).__name__}: {error}",
            hint=f"{saved_with or 'it does not say what saved it'}; this is Python {platform.python_version()} "
            f"with cloudpickle {cloudpickle.__version__}; if those fit, the file is damaged",
        ) from error


def _opened(path: Path, compression: str | None) -> IO[bytes]:
    if compression is None:
        return path.open("rb")
    return import_module(_COMPRESSIONS[compression]).open(path)  # type: ignore[no-any-return]  # a module by name


class _ModelUnpickler(pickle.Unpickler):
    def __init__(self, file: IO[bytes], code: ModelCode | None) -> None:
        super().__init__(file)
        self._makers = _makers(code)

    def find_class(self, module: str, name: str) -> Any:
        if module in _CLOUDPICKLE and name in self._makers:
            return self._makers[name]
        found = stand_in(module, name)
        if found is not None:
            return found
        try:
            return super().find_class(module, name)
        except AttributeError as error:
            raise ModelFailureError(
                f"the pickled model refers to {name!r} of the module {module!r}, which has none",
                hint=f"install the version of {module.partition('.')[0]} that the model was saved with",
            ) from error


def _makers(code: ModelCode | None) -> dict[str, Callable[..., Any]]:
    """What makes functions, classes and modules in place of cloudpickle's own."""
    makers: dict[str, Callable[..., Any]] = {
        "subimport": _import,
        "_make_skeleton_class": _untracked(cloudpickle.cloudpickle._make_skeleton_class, 4),  # noqa: SLF001 - no other
        "_make_skeleton_enum": _untracked(cloudpickle.cloudpickle._make_skeleton_enum, 5),  # noqa: SLF001
    }
    if code is not None:
        makers |= _function_makers(code.builtins)
    return makers


def _import(name: str) -> ModuleType | _Names:
    return _Names(name) if name.startswith("mlflow.") else _imported(name)


def _imported(name: str) -> ModuleType:
    module: ModuleType = cloudpickle.cloudpickle.subimport(name)
    return module


class _Names:
    """One of MLflow's modules, as far as a model that modelpack saved refers to it."""

    def __init__(self, module: str) -> None:
        self._module = module

    def __getattr__(self, name: str) -> Any:
        found = stand_in(self._module, name)
        return getattr(_imported(self._module), name) if found is None else found


def _untracked(maker: Callable[..., Any], tracker: int) -> Callable[..., Any]:
    """Make a class that cloudpickle does not look up by the id in the pickle.

    Looking it up would answer the class of another model, or of the program that saved this one, and change it.
    """

    def make(*arguments: Any) -> Any:
        return maker(*arguments[:tracker], None, *arguments[tracker + 1 :])

    return make


def _function_makers(builtins: dict[str, Any]) -> dict[str, Callable[..., Any]]:
    """Make functions whose import statements find the modules of the model."""

    def make_function(code: Any, variables: dict[str, Any], *details: Any) -> FunctionType:
        variables["__builtins__"] = builtins
        return FunctionType(code, variables, *details)

    def set_state(function: FunctionType, state: Any) -> None:
        cloudpickle.cloudpickle._function_setstate(function, state)  # noqa: SLF001 - no other
        function.__globals__["__builtins__"] = builtins

    return {"_make_function": make_function, "_function_setstate": set_state}

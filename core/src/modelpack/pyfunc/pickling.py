"""Writing a `PythonModel` as a pickle that modelpack and MLflow load, and noting which modules it will need."""

from __future__ import annotations

import dis
from types import CodeType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

import cloudpickle

from modelpack.errors import InvalidArgumentError
from modelpack.pyfunc.stand_ins import REFERENCES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from io import BufferedWriter
    from pathlib import Path


def pickle_model(model: object, path: Path) -> frozenset[str]:
    """Pickle a model, classes of scripts and notebooks by value.

    Returns:
        The top-level modules that the pickle refers to or that its functions import.

    Raises:
        InvalidArgumentError: Something in the model cannot be pickled; the message says what.
    """
    with path.open("wb") as file:
        pickler = _ModelPickler(file)
        try:
            pickler.dump(model)
        except RecursionError as error:
            raise _cannot_pickle(model, "its objects are nested too deeply") from error
        except Exception as error:
            raise _cannot_pickle(model, str(error) or type(error).__qualname__) from error
    return frozenset(name.partition(".")[0] for name in pickler.modules)


class _ModelPickler(cloudpickle.Pickler):  # type: ignore[misc]  # cloudpickle ships no types
    def __init__(self, file: BufferedWriter) -> None:
        super().__init__(file)
        self.modules: set[str] = set()

    def reducer_override(self, obj: Any) -> Any:
        for known, (module, name) in REFERENCES:
            if obj is known:
                return getattr, (_ModuleReference(module), name)
        if not isinstance(obj, _ModuleReference):
            self.modules.update(_modules_of(obj))
        return super().reducer_override(obj)


class _ModuleReference:
    """Pickled as the import of a module that need not be installed here."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __reduce__(self) -> tuple[Callable[[str], ModuleType], tuple[str]]:
        return cloudpickle.cloudpickle.subimport, (self.name,)


def _modules_of(obj: Any) -> Iterator[str]:
    if isinstance(obj, ModuleType):
        yield obj.__name__
    elif isinstance(obj, type | FunctionType):
        yield obj.__module__ or ""
    elif isinstance(obj, CodeType):
        yield from _imports(obj)
    else:
        yield type(obj).__module__


def _imports(code: CodeType) -> Iterator[str]:
    for instruction in dis.get_instructions(code):
        if instruction.opname == "IMPORT_NAME":
            yield str(instruction.argval)


def _cannot_pickle(model: object, reason: str) -> InvalidArgumentError:
    return InvalidArgumentError(
        f"the {type(model).__name__} cannot be pickled: {reason}",
        hint="open connections, locks and files in load_context, and give what is large as an artifact",
    )

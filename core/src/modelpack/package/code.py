"""The modules that come with a model, imported so that no other model and no installed package ever sees them.

Two models in one process may both bring a module `features` (P9). Each gets its own: the modules of a model live in a
private table. While the model is loaded they stand in `sys.modules` under their public names, so that pickles find
them; afterwards what stood there before stands there again. An import inside one of the functions, run later by any
thread, goes through the module's own `__import__`, which looks into the private table first.

What asks for a module by a computed name when the model predicts (`importlib.import_module`) finds the model's modules
only while it is loaded.

Bytecode is neither read from the directory nor written to it: the manifest does not cover it.
"""

from __future__ import annotations

import builtins
import sys
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from importlib.machinery import (
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    ModuleSpec,
    PathFinder,
    SourceFileLoader,
)
from importlib.util import resolve_name
from threading import Condition, RLock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path
    from types import CodeType, ModuleType

_ACTIVATION = RLock()
_ACTIVE: ContextVar[ModelCode | None] = ContextVar("modelpack_active_code", default=None)


class ModelCode:
    """The modules of one loaded model.

    Attributes:
        directory: Where they lie.
        names: The top-level names that they are imported by.
        builtins: What the modules see as `__builtins__`. Functions that were pickled by value and import the model's
            modules when they are called need the same.
    """

    def __init__(self, directory: Path) -> None:
        """Look which modules the directory holds; nothing is imported yet."""
        self.directory = directory
        self.names = frozenset(_top_level_names(directory))
        self.builtins = {**vars(builtins), "__import__": self._import}
        self._modules: dict[str, ModuleType] = {}
        self._finder = _ModelFinder(self)
        self._state = Condition()
        self._active = False
        self._guests = 0

    @contextmanager
    def activate(self) -> Iterator[None]:
        """Make the modules importable by their public names, for pickles and loaders; may be nested.

        Other models' activations wait. A thread that the activating code starts, and waits for, may import the model's
        modules meanwhile.
        """
        token = _ACTIVE.set(self)
        try:
            with self._as_guest() if self._joined() else self._in_sys_modules():
                yield
        finally:
            _ACTIVE.reset(token)

    @contextmanager
    def _in_sys_modules(self) -> Iterator[None]:
        with _ACTIVATION, self._swapped():
            yield

    @contextmanager
    def _swapped(self) -> Iterator[None]:
        former = self._take()
        sys.modules.update(self._modules)
        sys.meta_path.insert(0, self._finder)
        self._set_active(active=True)
        try:
            yield
        finally:
            self._set_active(active=False)
            sys.meta_path.remove(self._finder)
            self._modules.update(self._take())
            sys.modules.update(former)

    def _take(self) -> dict[str, ModuleType]:
        """Remove from `sys.modules` what has one of the model's names."""
        taken = [name for name in list(sys.modules) if name.partition(".")[0] in self.names]
        return {name: sys.modules.pop(name) for name in taken}

    def _joined(self) -> bool:
        """Whether the modules stand in `sys.modules`: until the last guest has gone, who may have more to import."""
        with self._state:
            joined = self._active or self._guests > 0
            self._guests += joined
            return joined

    @contextmanager
    def _as_guest(self) -> Iterator[None]:
        try:
            yield
        finally:
            with self._state:
                self._guests -= 1
                self._state.notify_all()

    def _set_active(self, *, active: bool) -> None:
        with self._state:
            self._active = active
            if not active:
                self._state.wait_for(lambda: not self._guests)

    def _import(
        self,
        name: str,
        globals: Mapping[str, object] | None = None,  # noqa: A002 - the names of `__import__`
        locals: Mapping[str, object] | None = None,  # noqa: A002
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        """What an import statement calls in the model's modules."""
        full = _absolute(name, globals, level)
        if full.partition(".")[0] not in self.names:
            return builtins.__import__(name, globals, locals, fromlist or (), level)
        loaded = self._loaded(full, fromlist or (), level)
        if loaded is not None:
            return loaded
        with self.activate():
            return builtins.__import__(name, globals, locals, fromlist or (), level)

    def _loaded(self, full: str, fromlist: Iterable[str], level: int) -> ModuleType | None:
        """The answer to an import of what has been imported before; None when the import system has to work."""
        module = self._modules.get(full)
        if module is None or not _is_ready(module):
            return None
        if not fromlist:
            return self._modules.get(full.partition(".")[0]) if level == 0 else None
        return module if all(name != "*" and hasattr(module, name) for name in fromlist) else None


class _ModelFinder:
    """Finds the modules of one model, and says so itself when one is missing, so that nobody else looks there."""

    def __init__(self, code: ModelCode) -> None:
        self._code = code
        self._finders: dict[str, FileFinder] = {}

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: object = None) -> ModuleSpec | None:  # noqa: ARG002 - the protocol of finders
        if name.partition(".")[0] not in self._code.names:
            return None
        portions: list[str] = []
        for entry in [str(self._code.directory)] if path is None else list(path):
            spec = self._finder(entry).find_spec(name)
            if spec is not None and spec.loader is not None:
                return spec
            portions += [] if spec is None else spec.submodule_search_locations or []
        if not portions:
            raise ModuleNotFoundError(f"No module named {name!r} in the model's code directory", name=name)
        namespace = ModuleSpec(name, None, is_package=True)
        namespace.submodule_search_locations = portions
        return namespace

    def _finder(self, entry: str) -> FileFinder:
        finder = self._finders.get(entry)
        if finder is None:
            source: Any = partial(_ModelLoader, self._code)
            finder = FileFinder(entry, (ExtensionFileLoader, EXTENSION_SUFFIXES), (source, SOURCE_SUFFIXES))
            self._finders[entry] = finder
        return finder


class _ModelLoader(SourceFileLoader):
    """Runs a module's source with the builtins of its model, and leaves bytecode alone."""

    def __init__(self, code: ModelCode, name: str, path: str) -> None:
        super().__init__(name, path)
        self._code = code

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        compiled: CodeType = self.source_to_code(self.get_data(path), path)
        return compiled

    def exec_module(self, module: ModuleType) -> None:
        vars(module)["__builtins__"] = self._code.builtins
        super().exec_module(module)


def active_code() -> ModelCode | None:
    """The modules of the model that is being loaded here and now; None when it has none."""
    return _ACTIVE.get()


def _absolute(name: str, importer: Mapping[str, object] | None, level: int) -> str:
    """The full name of what an import statement names."""
    if not level:
        return name
    package = (importer or {}).get("__package__")
    return resolve_name("." * level + name, package if isinstance(package, str) else None)


def _is_ready(module: ModuleType) -> bool:
    return not getattr(module.__spec__, "_initializing", False)


def _top_level_names(directory: Path) -> Iterator[str]:
    """The names that the directory's modules are imported by, but for those of the standard library.

    Those are in use before a model is loaded, so that a module of the same name was never imported by its author.
    """
    for entry in directory.iterdir():
        name = entry.name.partition(".")[0]
        if name.isidentifier() and name not in sys.stdlib_module_names and _is_module(entry, name):
            yield name


def _is_module(entry: Path, name: str) -> bool:
    if entry.is_file():
        return any(entry.name == name + suffix for suffix in (*SOURCE_SUFFIXES, *EXTENSION_SUFFIXES))
    if any((entry / f"__init__{suffix}").is_file() for suffix in (*SOURCE_SUFFIXES, *EXTENSION_SUFFIXES)):
        return True
    return next(entry.rglob("*.py"), None) is not None and not _is_installed(name)


def _is_installed(name: str) -> bool:
    """Whether a package is installed under the name: a directory without `__init__.py` does not take its place."""
    spec = PathFinder.find_spec(name)
    return spec is not None and spec.loader is not None

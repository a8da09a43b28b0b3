"""Classes of modules, written into a model by name."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from modelpack.errors import InvalidArgumentError, InvalidModelError

if TYPE_CHECKING:
    from collections.abc import Mapping

OWN = "torch.nn.modules."
"""The package of PyTorch's own modules, which do nothing but compute, whatever plain values they are made with."""


def reference(given: Any, module: Any) -> str:
    """The name by which a class is imported, as `package.module:Class`.

    Args:
        given: The class, or its name as `package.module.Class` or `package.module:Class`; None for the module's own.
        module: The module that is saved.

    Raises:
        InvalidArgumentError: Nothing is imported by that name, or it is another class.
    """
    if isinstance(given, str):
        name = given if ":" in given else ":".join(given.rsplit(".", 1))
    else:
        kind = type(module) if given is None else given
        name = f"{getattr(kind, '__module__', '?')}:{getattr(kind, '__qualname__', kind)}"
    hint = "define the class in a module, name it in code_paths unless it is installed; or save with 'pt2' or 'pickle'"
    if name.startswith("__main__:") or "<locals>" in name:
        raise InvalidArgumentError(f"the class {name} cannot be imported elsewhere", hint=hint)
    try:
        found = resolve(name)
    except InvalidModelError as error:
        raise InvalidArgumentError(f"the model_class cannot be used: {error.message}", hint=hint) from error
    if not isinstance(module, found):
        raise InvalidArgumentError(f"the model_class is {name}, and the model is a {type(module).__qualname__}")
    return name


def resolve(name: str) -> type[Any]:
    """Import a class of modules by name.

    Raises:
        InvalidModelError: There is no such module, or no such class of `torch.nn.Module` in it.
    """
    import torch

    place, _, path = name.partition(":")
    try:
        found: Any = import_module(place)
        for part in path.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError, ValueError) as error:
        raise InvalidModelError(
            f"the class {name} cannot be imported: {error}",
            hint="install the package that it is part of; a model that was saved with code_paths brings its own",
        ) from error
    if not (isinstance(found, type) and issubclass(found, torch.nn.Module)):
        raise InvalidModelError(f"{name} is no class of torch.nn.Module")
    if name.startswith(OWN) and not found.__module__.startswith(OWN):
        raise InvalidModelError(f"{name} is a class of {found.__module__}, and is called one of PyTorch's own modules")
    return found


def made(name: str, arguments: Mapping[str, Any]) -> Any:
    """An instance of a class by name.

    Raises:
        InvalidModelError: The class does not take the arguments.
    """
    kind = resolve(name)
    try:
        return kind(**arguments)
    except TypeError as error:
        raise InvalidModelError(
            f"{name} cannot be made with the model_arguments {dict(arguments)}: {error}",
            hint="model_arguments are the keyword arguments of its constructor, plain values",
        ) from error

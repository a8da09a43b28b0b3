"""Libraries that only some operations need, imported when they are needed."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any

from modelpack.errors import MissingDependencyError


@cache
def require(module: str, extra: str) -> Any:
    """Import a library that comes with an extra of modelpack-core.

    Args:
        module: The module to import, such as `pyarrow.parquet`.
        extra: The extra that installs it, such as `arrow`.

    Returns:
        The module.

    Raises:
        MissingDependencyError: The library is not installed. A library that is installed and broken raises its own
            ImportError.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        library = module.partition(".")[0]
        if error.name is None or error.name.partition(".")[0] != library:
            raise
        raise MissingDependencyError(
            f"{library} is needed for this and is not installed",
            hint=f'pip install "modelpack-core[{extra}]"',
        ) from error


def optional(module: str, extra: str) -> Any:
    """Import a library that makes something faster and is not needed, as `require` does; None without it."""
    try:
        return require(module, extra)
    except MissingDependencyError:
        return None

"""Where modelpack keeps what it remembers and what it has downloaded."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from modelpack.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

HOME = "MODELPACK_HOME"


def data_directory(environ: Mapping[str, str]) -> Path:
    """The directory of what has to last, such as the trust store: the platform's, or `MODELPACK_HOME`.

    Raises:
        InvalidArgumentError: The user has no home directory, and the variable is not set.
    """
    if home := environ.get(HOME):
        return Path(home).absolute()
    from platformdirs import user_data_path

    return _of_user(user_data_path)


def cache_directory(environ: Mapping[str, str]) -> Path:
    """The directory of what can be deleted at any time: the platform's, or `cache` under `MODELPACK_HOME`.

    Raises:
        InvalidArgumentError: As `data_directory`.
    """
    if home := environ.get(HOME):
        return Path(home).absolute() / "cache"
    from platformdirs import user_cache_path

    return _of_user(user_cache_path)


def _of_user(find: Callable[..., Path]) -> Path:
    """A user that the system does not know, as in some containers, has no home, or one in nowhere called `~`."""
    try:
        path = find("modelpack", appauthor=False)
    except RuntimeError:
        path = Path()
    if not path.is_absolute():
        raise InvalidArgumentError("this user has no home directory", hint=f"set {HOME} to a directory of your own")
    return path

"""Where modelpack keeps what it remembers and what it has downloaded."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

HOME = "MODELPACK_HOME"


def data_directory(environ: Mapping[str, str]) -> Path:
    """The directory of what has to last, such as the trust store: the platform's, or `MODELPACK_HOME`."""
    if home := environ.get(HOME):
        return Path(home).absolute()
    from platformdirs import user_data_path

    return user_data_path("modelpack", appauthor=False)


def cache_directory(environ: Mapping[str, str]) -> Path:
    """The directory of what can be deleted at any time: the platform's, or `cache` under `MODELPACK_HOME`."""
    if home := environ.get(HOME):
        return Path(home).absolute() / "cache"
    from platformdirs import user_cache_path

    return user_cache_path("modelpack", appauthor=False)

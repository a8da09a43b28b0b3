"""Where a bundle and its schema stand in a model directory (S97)."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from modelpack.errors import AlreadyExistsError

if TYPE_CHECKING:
    from pathlib import Path

    from modelpack_flavor_mleap.bundle import Bundle

FOLDER = "mleap"
MODEL = "mleap/model"
SCHEMA = "mleap/schema.json"
VERSION = "0.25.2"
"""The release of MLeap whose format is written."""


def write_files(bundle: Bundle, directory: Path) -> None:
    """Write `mleap/model` and `mleap/schema.json` into a model directory; both or none.

    Raises:
        AlreadyExistsError: There is something called `mleap` in it (S96).
    """
    require_absent(directory)
    (directory / FOLDER).mkdir(parents=True)
    try:
        bundle.write(directory / MODEL)
        bundle.input_schema().write(directory / SCHEMA)
    except BaseException:
        shutil.rmtree(directory / FOLDER)
        raise


def beside(bundle: Path) -> Path | None:
    """The schema beside a bundle, where there is one."""
    schema = bundle.parent / SCHEMA.rpartition("/")[2]
    return schema if schema.is_file() else None


def require_absent(directory: Path) -> None:
    """Refuse a directory that has a bundle.

    Raises:
        AlreadyExistsError: There is something called `mleap` in it (S96).
    """
    if (directory / FOLDER).exists():
        raise AlreadyExistsError(f"{directory} has a folder {FOLDER} already", hint="nothing is ever overwritten")

"""Files that a user keeps with a model, as MLflow does."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from modelpack.errors import InvalidArgumentError
from modelpack.stores.resolve import fetch

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence
    from pathlib import Path

FOLDER = "extra_files"


def copied(files: Sequence[str | os.PathLike[str]], root: Path) -> list[dict[str, str]]:
    """Copy files or directories into a model.

    Args:
        files: Paths, or URIs of whatever modelpack can fetch.
        root: The model directory.

    Returns:
        What `MLmodel` says of them.

    Raises:
        InvalidArgumentError: Two have the same name.
        NotFoundError: One is not there.
    """
    sources = [fetch(file) for file in files]
    names = [source.name for source in sources]
    if twice := [name for name in names if names.count(name) > 1]:
        raise InvalidArgumentError(f"two of the extra_files are called {twice[0]!r}", hint="rename one of them")
    for source in sources:
        target = root / FOLDER / source.name
        target.parent.mkdir(exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target)
        else:
            shutil.copyfile(source, target)
    return [{"path": f"{FOLDER}/{name}"} for name in names]

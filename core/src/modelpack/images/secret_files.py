"""Build secrets as the engines take them: files, which are in no layer and in no command line."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from modelpack.errors import InvalidArgumentError
from modelpack.images.dockerfile import SECRETS
from modelpack.images.installer import VALUES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


@contextmanager
def secret_arguments(given: Sequence[str], environ: Mapping[str, str] | None = None) -> Iterator[list[str]]:
    """The arguments of an engine that pass secrets on, for the time of a block.

    Args:
        given: Names of variables, such as `PIP_INDEX_URL`, whose values are taken from the environment; or
            `NAME=FILE`, for a file that holds the value.
        environ: The environment.

    Raises:
        InvalidArgumentError: A name is none that the image's installer knows, a variable is not set, or a file is not
            there.
    """
    with tempfile.TemporaryDirectory(prefix="modelpack-secrets-") as private:
        files = [_file(each, os.environ if environ is None else environ, Path(private)) for each in given]
        yield [word for name, path in files for word in ("--secret", f"id={name},src={path}")]


def _file(given: str, environ: Mapping[str, str], private: Path) -> tuple[str, Path]:
    name, separator, source = given.partition("=")
    if name not in SECRETS:
        raise InvalidArgumentError(
            f"{name!r} is no build secret that the image's installer knows", hint=f"there are {', '.join(SECRETS)}"
        )
    if not separator and name not in environ:
        raise InvalidArgumentError(
            f"the build secret {name} is not set in the environment", hint=f"set it, or give --build-secret {name}=FILE"
        )
    if separator or name not in VALUES:
        path = Path(source if separator else environ[name]).expanduser().absolute()
        if not path.is_file() or "," in str(path):
            raise InvalidArgumentError(f"the build secret {name} is said to be in {path}, which is no file")
        return name, path
    path = private / name
    path.write_text(environ[name], encoding="utf-8")  # in a directory of mode 0700
    return name, path

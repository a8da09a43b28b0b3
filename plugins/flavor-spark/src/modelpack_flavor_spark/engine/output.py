"""An output that Spark writes, complete or not at all."""

from __future__ import annotations

import re
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from modelpack.errors import AlreadyExistsError, InvalidArgumentError
from modelpack_flavor_spark.sessions import is_connected
from modelpack_flavor_spark.transfer import HadoopFiles

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from modelpack import BatchContext

FORMATS: dict[str, dict[str, str]] = {
    "parquet": {},
    "csv": {"header": "true", "escape": '"', "emptyValue": '""'},
    "json": {"ignoreNullFields": "false"},
}
"""What Spark writes, with the options that make it as the other engines do."""

_SUFFIXES = {"parquet": ".parquet", "csv": ".csv", "json": ".jsonl"}
_PART = re.compile(r"part-(\d+)-.*")


@contextmanager
def staged(session: Any, context: BatchContext[Any]) -> Iterator[str]:
    """Where the job writes: core's directory, or one beside the destination that takes its place when all went well.

    Raises:
        AlreadyExistsError: There is an output, and it is not to be replaced.
        InvalidArgumentError: The session cannot rename directories there.
    """
    if context.directory is not None:
        yield f"file://{context.directory}"
        return
    if is_connected(session):
        raise InvalidArgumentError(
            f"a Spark Connect client cannot make {context.request.destination} appear at once",
            hint="write to a directory of this machine, or use a session that is not remote",
        )
    files, destination = HadoopFiles(session), context.request.destination.rstrip("/")
    _check(files, destination, overwrite=context.request.overwrite)
    staging = f"{destination}.staging-{uuid.uuid4().hex[:8]}"
    try:
        yield staging
        _check(files, destination, overwrite=context.request.overwrite)
        _put(files, staging, destination)
    finally:
        files.remove(staging)


def tidy(directory: Path, output_format: str) -> None:
    """Give the parts the names that the parts of every engine have; their markers and checksums go."""
    for path in sorted(directory.rglob("*")):
        found = _PART.fullmatch(path.name)
        if found is not None:
            path.rename(path.with_name(f"part-{found[1]}{_SUFFIXES[output_format]}"))
        elif path.is_file():
            path.unlink()


def _check(files: HadoopFiles, destination: str, *, overwrite: bool) -> None:
    if not files.exists(destination):
        return
    if not overwrite:
        raise AlreadyExistsError(
            f"the output {destination} exists", hint="name another directory, or replace it with --overwrite"
        )
    if not files.exists(f"{destination}/_SUCCESS"):
        raise AlreadyExistsError(
            f"{destination} was not written by a batch: there is no _SUCCESS in it",
            hint="only an earlier output is replaced; remove it yourself if it can go",
        )


def _put(files: HadoopFiles, staging: str, destination: str) -> None:
    if not files.exists(destination):
        files.rename(staging, destination)
        return
    replaced = f"{destination}.replaced-{uuid.uuid4().hex[:8]}"
    files.rename(destination, replaced)
    try:
        files.rename(staging, destination)
    except BaseException:
        files.rename(replaced, destination)
        raise
    files.remove(replaced)

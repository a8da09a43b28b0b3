"""The files of a pipeline: in MLlib's own layout, under names that do not change from save to save."""

from __future__ import annotations

import re
import shutil
import tempfile
import uuid
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelpack.errors import InvalidArgumentError
from modelpack_flavor_spark.sessions import is_connected, session_for_model
from modelpack_flavor_spark.transfer import shared_files

if TYPE_CHECKING:
    from collections.abc import Callable

DIRECTORY = "sparkml"
TEMPORARY = "/tmp/mlflow"  # noqa: S108 - MLflow's default, on the file system that the executors share (S90)

_PART = re.compile(r"(part-\d+)-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(-c\d+)?(.*)")
_MARKERS = re.compile(r"_SUCCESS|.*\.crc")
_PLAIN = re.compile(r"[\w/. -]+", re.ASCII)


def write(pipeline: Any, directory: Path, dfs_tmpdir: str | None) -> None:
    """Save a pipeline into a directory of this machine, by way of the executors' file system where that is another.

    Args:
        pipeline: The `PipelineModel`.
        directory: The directory to make.
        dfs_tmpdir: Where Spark saves; by default a local directory when Spark's file system is this machine's.

    Raises:
        InvalidArgumentError: Spark wrote to the disk of other machines.
    """
    files = shared_files(session_for_model())
    with tempfile.TemporaryDirectory(prefix="modelpack-spark-") as temporary:
        local = Path(temporary, DIRECTORY)
        if dfs_tmpdir is None and files.is_local():
            pipeline.write().save(f"file://{local}")
        else:
            local.mkdir()
            place = _place(dfs_tmpdir)
            try:
                pipeline.write().save(place)
                files.download(place, local)
            finally:
                files.remove(place)
        if not (local / "metadata").is_dir():
            raise InvalidArgumentError(
                "Spark saved the pipeline to a disk that is not this machine's",
                hint="give dfs_tmpdir, a directory on a file system that driver and executors share",
            )
        _settle(local, directory)


def read(directory: Path, dfs_tmpdir: str | None, *, on_jvm: bool) -> Any:
    """Load a pipeline that was saved, and audited.

    On another file system its files stay, since some models read them only when they are used (S90).

    Args:
        directory: Where it is on this machine.
        dfs_tmpdir: Where Spark shall read it; by default where it is, when Spark's file system is this machine's.
        on_jvm: Whether no stage is one of Python.
    """
    session = session_for_model()
    files, load = shared_files(session), _loader(on_jvm=on_jvm and not is_connected(session))
    if dfs_tmpdir is not None or not files.is_local():
        place = _place(dfs_tmpdir)
        files.upload(directory, place)
        return load(place)
    if _PLAIN.fullmatch(str(directory)):
        return load(f"file://{directory}")
    return _read_elsewhere(directory, load)


def _loader(*, on_jvm: bool) -> Callable[[str], Any]:
    """How a pipeline is read: at once where the JVM can, else stage by stage with a job for each."""
    from pyspark.ml import PipelineModel
    from pyspark.ml.util import JavaMLReader

    pipelines: Any = PipelineModel
    load: Callable[[str], Any] = JavaMLReader(pipelines).load if on_jvm else pipelines.load
    return load


def _read_elsewhere(directory: Path, load: Callable[[str], Any]) -> Any:
    """Load from a copy, because Spark takes some characters of a path for patterns."""
    temporary = tempfile.mkdtemp(prefix="modelpack-spark-")
    try:
        place = shutil.copytree(directory, Path(temporary, DIRECTORY), copy_function=shutil.copyfile)
        pipeline = load(f"file://{place}")
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    weakref.finalize(pipeline, shutil.rmtree, temporary, ignore_errors=True)
    return pipeline


def _place(dfs_tmpdir: str | None) -> str:
    return f"{(dfs_tmpdir or TEMPORARY).rstrip('/')}/{uuid.uuid4().hex}"


def _settle(source: Path, directory: Path) -> None:
    """Move the files to where they stay, without the random part of their names and what the manifest replaces.

    That is `_SUCCESS`, which says that nothing is missing, and Hadoop's checksums.
    """
    for path in sorted(source.rglob("*")):
        if not path.is_file() or _MARKERS.fullmatch(path.name):
            continue
        place = directory / path.relative_to(source).parent / _PART.sub(r"\1\2\3", path.name)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(path, place)

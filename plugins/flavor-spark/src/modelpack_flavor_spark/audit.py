"""Looking at a saved pipeline before Spark does: which classes it names, and whether it reaches outside of itself.

Spark reads the directories that are called `metadata`: each holds one line of JSON with the class of a stage, which is
imported. So every one of them is read here first, and strictly: what Spark might read in another way is refused.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelpack.errors import InvalidModelError
from modelpack_flavor_spark.allowlist import PIPELINES, is_allowed

if TYPE_CHECKING:
    from collections.abc import Iterator

_FOLDER = "metadata"
_PART = re.compile(r"part-\d+(?:-[\w-]+)?(?:\.txt)?")
_IGNORED = re.compile(r"_SUCCESS|\..*\.crc")
_UID = re.compile(r"[^/\\]+")


def foreign_stages(root: Path) -> list[str]:
    """The classes that a saved pipeline names and that are not MLlib's own, or run code of the model.

    Args:
        root: The directory, `sparkml` in a model.

    Raises:
        InvalidModelError: It is no saved pipeline, has a link in it, or names a stage outside of itself.
    """
    _refuse_links(root)
    read = [(folder, entry) for folder in _metadata_folders(root) for entry in _entries(folder)]
    top = [entry for folder, entry in read if folder == root / _FOLDER]
    if not top:
        raise InvalidModelError(
            f"{root} holds no saved pipeline: it has no {_FOLDER}", hint="copy or download the model again"
        )
    if top[0]["class"] not in PIPELINES:
        raise InvalidModelError(f"{root} holds a {top[0]['class']}, not a PipelineModel")
    for folder, entry in read:
        _check_stages(folder.parent, entry)
    return sorted({entry["class"] for _, entry in read if not is_allowed(entry["class"])})


def _refuse_links(root: Path) -> None:
    for path in sorted(root.rglob("*")):
        if path.is_symlink():
            raise InvalidModelError(f"{path} is a symbolic link, which a saved pipeline does not have")


def _metadata_folders(root: Path) -> Iterator[Path]:
    return (path for path in sorted(root.rglob(_FOLDER)) if path.is_dir())


def _entries(folder: Path) -> Iterator[dict[str, Any]]:
    """What the files of one `metadata` directory say; there is one with content."""
    for path in sorted(folder.iterdir()):
        if _IGNORED.fullmatch(path.name):
            continue
        if not path.is_file() or not _PART.fullmatch(path.name):
            raise InvalidModelError(f"{path} is nothing that Spark writes there")
        content = path.read_bytes()
        if content:
            yield _entry(path, content)


def _entry(path: Path, content: bytes) -> dict[str, Any]:
    try:
        text = content.decode().removesuffix("\n")
        entry = json.loads(text, object_pairs_hook=_without_repetition)
    except ValueError as error:
        raise InvalidModelError(f"{path} is not readable: {error}", hint="copy or download the model again") from error
    if "\n" in text or "\r" in text or not isinstance(entry, dict) or not isinstance(entry.get("class"), str):
        raise InvalidModelError(f"{path} does not describe a stage on one line")
    return entry


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse keys that stand twice, of which Python takes the last and the JVM may take the first."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _check_stages(directory: Path, entry: dict[str, Any]) -> None:
    """Find the directory of each stage of a pipeline where Spark will look for it."""
    params = entry.get("paramMap")
    uids = params.get("stageUids") if isinstance(params, dict) else None
    if uids is None:
        return
    if not isinstance(uids, list) or not all(isinstance(uid, str) and _UID.fullmatch(uid) for uid in uids):
        raise InvalidModelError(f"{directory} has stages that are no names: {uids!r}")
    digits = len(str(len(uids)))
    for number, uid in enumerate(uids):
        place = directory / "stages" / f"{number:0{digits}}_{uid}"
        if not (place / _FOLDER).is_dir():
            raise InvalidModelError(
                f"the stage {uid} is missing from {directory}: there is no {place / _FOLDER}",
                hint="copy or download the model again",
            )

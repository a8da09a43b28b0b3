"""Looking at a saved pipeline before Spark does: which classes it names, and whether it reaches outside of itself.

Spark reads the directories that are called `metadata`: each holds one line of JSON with the class of a stage, which is
imported. So every one of them is read here first, and strictly: what Spark might read in another way is refused.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modelpack.errors import InvalidModelError
from modelpack_flavor_spark.allowlist import PIPELINES, is_allowed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FOLDER = "metadata"
_PART = re.compile(r"part-\d+(?:-[\w-]+)?(?:\.txt)?")
_IGNORED = re.compile(r"_SUCCESS|\..*\.crc")
_UID = re.compile(r"[^/\\]+")
_HINT = "copy or download the model again"


@dataclass(frozen=True, slots=True)
class Stages:
    """What a saved pipeline says of its stages.

    Attributes:
        foreign: The classes that are not MLlib's own, or that run code of the model.
        on_jvm: Whether the JVM alone can load it: no class is one of Python.
    """

    foreign: tuple[str, ...]
    on_jvm: bool


def stages_in(root: Path) -> Stages:
    """Read which classes a saved pipeline names; nothing is loaded.

    Args:
        root: The directory, `sparkml` in a model.

    Raises:
        InvalidModelError: It is no saved pipeline, has a link in it, or names a stage outside of itself.
    """
    _check_directories(root)
    top = _entry_in(root / _FOLDER)["class"]
    if top not in PIPELINES:
        raise InvalidModelError(f"{root} holds a {top}, not a PipelineModel")
    classes = set()
    for folder in sorted(root.rglob(_FOLDER)):
        entry = _entry_in(folder)
        _check_stages(folder.parent, entry)
        classes.add(entry["class"])
    return Stages(
        foreign=tuple(sorted(name for name in classes if not is_allowed(name))),
        on_jvm=all(name.startswith("org.apache.spark.") for name in classes),
    )


def _check_directories(root: Path) -> None:
    """Refuse links, and directories from which the parts are missing that Spark writes."""
    for path in [root, *sorted(root.rglob("*"))]:
        if path.is_symlink():
            raise InvalidModelError(f"{path} is a symbolic link, which a saved pipeline does not have")
        if path.is_dir():
            names = [each.name for each in path.iterdir() if each.is_dir() or each.name.startswith("part-")]
            if not names:
                raise InvalidModelError(f"the files part-… are missing from {path}", hint=_HINT)


def _entry_in(folder: Path) -> dict[str, Any]:
    """What a `metadata` directory says: one of its files has content."""
    found = [_entry(path, content) for path, content in _contents(folder)]
    if len(found) != 1:
        raise InvalidModelError(
            f"{folder} has {len(found)} files part-… that describe a stage, and there has to be one", hint=_HINT
        )
    return found[0]


def _contents(folder: Path) -> Iterator[tuple[Path, bytes]]:
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if _IGNORED.fullmatch(path.name):
            continue
        if not path.is_file() or not _PART.fullmatch(path.name):
            raise InvalidModelError(f"{path} is nothing that Spark writes there")
        content = path.read_bytes()
        if content:
            yield path, content


def _entry(path: Path, content: bytes) -> dict[str, Any]:
    try:
        text = content.decode().removesuffix("\n")
        entry = json.loads(text, object_pairs_hook=_without_repetition)
    except ValueError as error:
        raise InvalidModelError(f"{path} is not readable: {error}", hint=_HINT) from error
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
                hint=_HINT,
            )

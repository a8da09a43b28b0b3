"""Build contexts: a directory with a Dockerfile and all that it copies."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from modelpack.errors import AlreadyExistsError
from modelpack.images import dockerfile as names
from modelpack.images.contents import MODEL, ImageContents
from modelpack.images.describing import image_contents
from modelpack.package.manifest import NAME as MANIFEST
from modelpack.package.manifest import files as model_files

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

    from modelpack.images.options import ImageOptions


@dataclass(frozen=True, slots=True)
class BuildContext:
    """A directory that an engine builds an image from.

    Attributes:
        path: The directory.
        contents: What the image will hold.
    """

    path: Path
    contents: ImageContents


def write_build_context(
    model: str | os.PathLike[str],
    directory: str | os.PathLike[str],
    *,
    options: ImageOptions | None = None,
    base: str | None = None,
) -> BuildContext:
    """Write all that is needed to build a model's image, with whichever engine: `docker build DIRECTORY`.

    Args:
        model: A model directory, or the URI of one.
        directory: The directory to make; an empty one may be there.
        options: What is in the image, beyond what the model says.
        base: The image to build upon; by default Docker Hub's slim Python of the version that is needed.

    Raises:
        AlreadyExistsError: There are files in the directory.
        ModelpackError: As `image_contents`.
    """
    path = Path(directory)
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise AlreadyExistsError(f"{path} is there already, and not empty", hint="name a directory to make")
    with described(model, options) as contents:
        text = names.dockerfile(contents, base)  # what cannot be written is refused before anything is
        path.mkdir(parents=True, exist_ok=True)
        _write_text(path / "Dockerfile", text)
        _write_dependencies(path, contents)
        _write_model(path, contents)
        _open_to_all(path)
    return BuildContext(path, contents)


@contextmanager
def described(model: str | os.PathLike[str], options: ImageOptions | None) -> Iterator[ImageContents]:
    """The contents of an image, whose wheels are there until the block ends."""
    with tempfile.TemporaryDirectory(prefix="modelpack-wheels-") as wheels:
        yield image_contents(model, options, wheels=Path(wheels))


def _write_dependencies(path: Path, contents: ImageContents) -> None:
    _write_text(path / names.REQUIREMENTS, "".join(f"{line}\n" for line in contents.requirements))
    _write_text(path / names.CONSTRAINTS, "".join(f"{line}\n" for line in contents.constraints))
    program = resources.files("modelpack.images").joinpath("installer.py").read_text(encoding="utf-8")
    _write_text(path / names.INSTALLER, program)
    for wheel in contents.wheels:
        _copy(wheel, path / names.WHEELS / wheel.name)


def _write_model(path: Path, contents: ImageContents) -> None:
    """Copy the model, and lay our files over it."""
    if contents.model is not None:
        for name in [name for name, _ in model_files(contents.model)] + [MANIFEST]:
            if (contents.model / name).exists():
                _copy(contents.model / name, path / names.MODEL_FOLDER / name)
    outer = names.outer_files(contents)
    for place, content in contents.files.items():
        inside = str(place) not in outer
        target = names.MODEL_FOLDER + str(place).removeprefix(MODEL) if inside else names.FILES_FOLDER + str(place)
        _made_parent(path / target).write_bytes(content)


def _open_to_all(path: Path) -> None:
    """Let every user read what an image takes over with its modes, whoever may read the originals."""
    for each in path.rglob("*"):
        each.chmod(0o755 if each.is_dir() else 0o644)


def _copy(source: Path, target: Path) -> None:
    shutil.copyfile(source, _made_parent(target))


def _made_parent(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _write_text(path: Path, text: str) -> None:
    path.write_bytes(text.encode())

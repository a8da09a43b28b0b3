"""What a base image has, told without running it."""

from __future__ import annotations

import json
import re
import tarfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from modelpack.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from modelpack.images.oci.blobs import BlobStore
    from modelpack.images.oci.documents import Config, Descriptor
    from modelpack.images.oci.images import Image

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_STATUS = PurePosixPath("var/lib/dpkg/status")
_STATUS_PARTS = PurePosixPath("var/lib/dpkg/status.d")
_INSTALLED = re.compile(r"^Status: .* installed$", re.MULTILINE)
_PACKAGE = re.compile(r"^Package: (\S+)$", re.MULTILINE)
_WHITEOUT = ".wh."
_OPAQUE = ".wh..wh..opq"


@dataclass(frozen=True, slots=True)
class BaseFacts:
    """What a base image has.

    Attributes:
        programs: The absolute paths of what lies in the directories of its `PATH`.
        packages: The names of its Debian packages.
    """

    programs: frozenset[str]
    packages: frozenset[str]

    def program(self, name: str, config: Config) -> str | None:
        """The path that a name is found at, in the order of the image's `PATH`."""
        candidates = (f"{directory}/{name}" for directory in search_path(config))
        return next((path for path in candidates if path in self.programs), None)


def environment(config: Config) -> dict[str, str]:
    """The variables that an image sets."""
    lines: Iterable[str] = (config.config or {}).get("Env") or []
    return dict(line.partition("=")[::2] for line in lines)


def search_path(config: Config) -> list[str]:
    """The directories in which an image looks for programs."""
    path = environment(config).get("PATH") or _PATH
    return [directory.rstrip("/") for directory in path.split(":") if directory.startswith("/")]


def base_facts(image: Image, cache: BlobStore) -> BaseFacts:
    """Look through the layers of an image, once for each image.

    Raises:
        InvalidArgumentError: A layer is no tar, or is compressed in a way that this Python does not know.
    """
    record = cache.root / "bases" / f"{image.descriptor.hex}.json"
    try:
        known = json.loads(record.read_bytes())
        return BaseFacts(frozenset(known["programs"]), frozenset(known["packages"]))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        pass
    facts = _look(image)
    record.parent.mkdir(parents=True, exist_ok=True)
    record.write_text(json.dumps({"programs": sorted(facts.programs), "packages": sorted(facts.packages)}))
    return facts


def _look(image: Image) -> BaseFacts:
    directories = {PurePosixPath(directory[1:]) for directory in search_path(image.config)}
    programs: set[PurePosixPath] = set()
    statuses: dict[PurePosixPath, str] = {}
    for descriptor in image.manifest.layers:
        for path, status in _interesting(image.fetch(descriptor), descriptor, directories):
            if path.name.startswith(_WHITEOUT):
                _remove(path, programs, statuses)
            elif status is None:
                programs.add(path)
            else:
                statuses[path] = status
    return BaseFacts(frozenset(f"/{path}" for path in programs), frozenset(_packages(statuses)))


def _interesting(
    layer: Path, descriptor: Descriptor, directories: set[PurePosixPath]
) -> Iterator[tuple[PurePosixPath, str | None]]:
    """The programs, whiteouts and package lists of a layer, the lists with their text; whiteouts first (layer.md)."""
    found: list[tuple[PurePosixPath, str | None]] = []
    try:
        with tarfile.open(layer) as tar:
            for entry in tar:
                path = PurePosixPath(entry.name.lstrip("./"))
                if path.name.startswith(_WHITEOUT) or (path.parent in directories and not entry.isdir()):
                    found.append((path, None))
                elif entry.isfile() and (path == _STATUS or path.parent == _STATUS_PARTS):
                    content = tar.extractfile(entry)
                    found.append((path, "" if content is None else content.read().decode(errors="replace")))
    except (tarfile.TarError, EOFError, OSError) as error:
        raise InvalidArgumentError(
            f"the layer {descriptor.digest} of the base cannot be read: {error}",
            hint="use a base whose layers are compressed with gzip and whose environment has PYTHON_VERSION",
        ) from error
    yield from sorted(found, key=lambda one: not one[0].name.startswith(_WHITEOUT))


def _remove(whiteout: PurePosixPath, programs: set[PurePosixPath], statuses: dict[PurePosixPath, str]) -> None:
    hidden = whiteout.parent if whiteout.name == _OPAQUE else whiteout.with_name(whiteout.name.removeprefix(_WHITEOUT))
    gone = {path for path in (*programs, *statuses) if hidden in {path, *path.parents}}
    programs -= gone
    for path in gone & statuses.keys():
        del statuses[path]


def _packages(statuses: Mapping[PurePosixPath, str]) -> Iterator[str]:
    """The packages of Debian's list, or of the pieces of it in images without a package manager (distroless)."""
    for path, text in statuses.items():
        for paragraph in text.split("\n\n"):
            name = _PACKAGE.search(paragraph)
            if name and (path != _STATUS or _INSTALLED.search(paragraph)):
                yield name[1]

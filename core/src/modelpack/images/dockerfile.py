"""The text of a Dockerfile, in the syntax that engines have built in: no syntax line, no here-documents."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from modelpack import __version__
from modelpack.errors import InvalidArgumentError
from modelpack.images.contents import HEALTH_INTERVAL, HEALTH_START, HEALTH_TIMEOUT, MODEL, PACKAGES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from modelpack.images.contents import ImageContents

REQUIREMENTS = "requirements.txt"
CONSTRAINTS = "constraints.txt"
INSTALLER = "install.py"
WHEELS = "wheels"
MODEL_FOLDER = "model"
FILES_FOLDER = "files"

SECRETS = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_CONFIG_FILE", "NETRC", "SSL_CERT_FILE")
"""What the installer takes from the engine's build secrets, where they are given."""

_IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@-]*")
_PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]+")
_NAME = re.compile(r"[A-Za-z0-9_.-]+")
_WORK = "/build"


def dockerfile(contents: ImageContents, base: str | None = None) -> str:
    """Write the Dockerfile of an image.

    What changes with every version of a model stands last, so that a build with the same requirements copies the model
    and does nothing else.

    Args:
        contents: What the image holds.
        base: The image to build upon; by default Docker Hub's slim Python of the version that is needed.

    Raises:
        InvalidArgumentError: A name or value cannot stand in a Dockerfile.
    """
    chosen = f"python:{contents.python_version}-slim" if base is None else base
    if _IMAGE.fullmatch(chosen) is None:
        raise InvalidArgumentError(f"{chosen!r} is no name of an image")
    return "\n".join(
        (
            f"# Written by modelpack {__version__}; `modelpack build` writes it anew.",
            f"ARG BASE={chosen}",
            "",
            *_builder(contents),
            "",
            *_server(contents),
            "",
        )
    )


def _builder(contents: ImageContents) -> Iterator[str]:
    yield "FROM ${BASE} AS builder"
    yield f"WORKDIR {_WORK}"
    yield f"COPY {INSTALLER} {REQUIREMENTS} {CONSTRAINTS} {_WORK}/"
    if contents.wheels:
        yield f"COPY {WHEELS}/ {_WORK}/{WHEELS}/"
    yield "RUN --mount=type=cache,target=/root/.cache \\"
    for secret in SECRETS:
        yield f"    --mount=type=secret,id={secret} \\"
    yield f"    {_exec('python', f'{_WORK}/{INSTALLER}', contents.python_version, PACKAGES)}"


def _server(contents: ImageContents) -> Iterator[str]:
    yield "FROM ${BASE}"
    yield "WORKDIR /tmp"
    if contents.system_packages:
        yield "# hadolint ignore=DL3008"
        yield (
            f"RUN apt-get update && apt-get install -y --no-install-recommends {_packages(contents)} "
            "&& rm -rf /var/lib/apt/lists/* /var/cache/apt/*"
        )
    yield f"COPY --from=builder {PACKAGES} {PACKAGES}"
    if contents.model is not None:
        yield f"COPY {MODEL_FOLDER}/ {MODEL}/"
    yield from (f"COPY {_exec(f'{FILES_FOLDER}{path}', str(path))}" for path in outer_files(contents))
    yield from _pairs("ENV", contents.environment)
    yield from _pairs("LABEL", contents.labels)
    yield f"USER {contents.user}"
    yield f"EXPOSE {contents.port}"
    times = f"--interval={HEALTH_INTERVAL}s --timeout={HEALTH_TIMEOUT}s --start-period={HEALTH_START}s"
    yield f"HEALTHCHECK {times} CMD {_exec(*contents.health_check)}"
    yield f"ENTRYPOINT {_exec(*contents.entrypoint)}"
    yield f"CMD {_exec(*contents.command)}"


def outer_files(contents: ImageContents) -> list[str]:
    """The paths of the files that do not lie in the model."""
    return [str(path) for path in contents.files if contents.model is None or not path.is_relative_to(MODEL)]


def _packages(contents: ImageContents) -> str:
    for name in contents.system_packages:
        if _PACKAGE.fullmatch(name) is None:
            raise InvalidArgumentError(f"{name!r} is no name of a Debian package")
    return " ".join(sorted(contents.system_packages))


def _pairs(instruction: str, pairs: Mapping[str, str]) -> Iterator[str]:
    written = [f"{_checked(name)}={_quoted(value)}" for name, value in pairs.items()]
    indented = " \\\n".join(written).replace("\n", "\n" + " " * (len(instruction) + 1))
    if written:
        yield f"{instruction} {indented}"


def _checked(name: str) -> str:
    if _NAME.fullmatch(name) is None:
        raise InvalidArgumentError(f"{name!r} is no name of a variable or label")
    return name


def _quoted(value: str) -> str:
    """A value that the Dockerfile's reader takes as it is: nothing in it ends the text, or names a variable."""
    if not value.isprintable():
        raise InvalidArgumentError(f"{value!r} holds characters that cannot stand in a Dockerfile")
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$") + '"'


def _exec(*words: str) -> str:
    return json.dumps(words)

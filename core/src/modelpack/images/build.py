"""Building a model's image with an engine."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from modelpack.errors import InvalidArgumentError
from modelpack.images.context import write_build_context
from modelpack.images.engines import find_engine
from modelpack.images.secret_files import secret_arguments

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from modelpack.images.options import ImageOptions

_TAG = re.compile(r"[a-z0-9][A-Za-z0-9._:/-]*")
_PLATFORM = re.compile(r"[a-z0-9]+(/[a-z0-9_]+){1,2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineOptions:
    """How an image is built.

    Attributes:
        engine: `docker`, `podman` or `buildah`, or the path of one; None for the first that is installed.
        platform: What the image is for, such as `linux/arm64`; None for the engine's own.
        arguments: Further arguments of the engine's `build`, such as `--no-cache`.
        secrets: Build secrets for private indexes: names of variables such as `PIP_INDEX_URL`, or `NAME=FILE`.
    """

    engine: str | None = None
    platform: str | None = None
    arguments: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what cannot be meant.

        Raises:
            InvalidArgumentError: The platform has another form.
        """
        if self.platform is not None and _PLATFORM.fullmatch(self.platform) is None:
            raise InvalidArgumentError(
                f"{self.platform!r} is no platform", hint="give it as linux/amd64 or linux/arm64"
            )

    def words(self) -> list[str]:
        """The arguments of the engine that are no secrets."""
        return [*(["--platform", self.platform] if self.platform else []), *self.arguments]


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltImage:
    """An image that was built.

    Attributes:
        tag: The name it was given.
        image_id: The engine's id of it, `sha256:` and 64 hexadecimal digits.
        model_digest: The digest of the model that it trusts.
        engine: Which engine built it, and has it.
        notes: What whoever built it should be told.
    """

    tag: str
    image_id: str
    model_digest: str
    engine: str
    notes: tuple[str, ...] = ()


def build_image(
    model: str | os.PathLike[str],
    tag: str,
    *,
    options: ImageOptions | None = None,
    base: str | None = None,
    engine: EngineOptions | None = None,
    progress: Callable[[str], object] | None = None,
) -> BuiltImage:
    """Build the image of a model's scoring server, with the model's environment in it.

    Args:
        model: A model directory, or the URI of one.
        tag: The image's name, such as `wine:3`.
        options: What is in the image, beyond what the model says.
        base: The image to build upon; by default Docker Hub's slim Python of the version that is needed.
        engine: Which engine builds it, and how; by default the first that is installed.
        progress: Called with each line that the engine says.

    Raises:
        MissingDependencyError: No engine is installed.
        BuildError: The engine failed.
        ModelpackError: As `image_contents`.
    """
    chosen = engine or EngineOptions()
    if _TAG.fullmatch(tag) is None:
        raise InvalidArgumentError(f"{tag!r} is no name of an image", hint="such as wine:3 or registry:5000/team/wine")
    found = find_engine(chosen.engine)
    with tempfile.TemporaryDirectory(prefix="modelpack-build-") as scratch, secret_arguments(chosen.secrets) as secrets:
        context = write_build_context(model, Path(scratch, "context"), options=options, base=base)
        if progress is not None:
            for note in context.contents.notes:
                progress(f"note: {note}")
        id_file = Path(scratch, "image-id")
        found.run(found.build_command(context.path, tag, id_file, [*chosen.words(), *secrets]), progress)
        return BuiltImage(
            tag=tag,
            image_id=id_file.read_text(encoding="utf-8").strip(),
            model_digest=context.contents.digest,
            engine=found.kind,
            notes=context.contents.notes,
        )

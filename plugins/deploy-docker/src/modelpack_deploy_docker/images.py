"""The image with the model in it: found, laid over another one, or built."""

from __future__ import annotations

import io
import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from modelpack.errors import DeployError
from modelpack.package.manifest import NAME as MANIFEST
from modelpack.package.manifest import files as model_files
from modelpack_deploy_docker import naming
from modelpack_deploy_docker.engine import engine_host, is_podman

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import IO

    from docker import DockerClient
    from docker.models.images import Image

    from modelpack.deployments.records import DeployRequest
    from modelpack_deploy_docker.options import DockerOptions

_LAID_OVER = "/opt/modelpack/model"


def standing_image(client: DockerClient, request: DeployRequest[DockerOptions]) -> Image | None:
    """The image that has the model in it, when the engine has one."""
    named = request.options.image
    if named is not None and request.options.pull != "always":
        given = _image(client, named)
        if given is not None and given.labels.get(naming.DIGEST) == request.digest:
            return given
    return _image(client, naming.image_tag(request))


def provide_image(
    client: DockerClient, request: DeployRequest[DockerOptions], progress: Callable[[str], None]
) -> Image:
    """Make the image that has the model in it.

    Raises:
        ModelpackError: The engine, or a program of its, could not.
    """
    if request.options.image is None:
        return _built(client, request, progress)
    given = _given(client, request.options.image, request.options.pull)
    if given.labels.get(naming.DIGEST) == request.digest:
        return given
    return _laid_over(client, request, given)


def forwarder_image(client: DockerClient, request: DeployRequest[DockerOptions], image: Image) -> Image:
    """The image for the forwarder: the one that was given, which stays when models change, else the model's own."""
    given = None if request.options.image is None else _image(client, request.options.image)
    return image if given is None else given


def unused_images(client: DockerClient, name: str, kept: set[str | None]) -> list[Image]:
    """The images that were built for a deployment, but those that are kept."""
    built = client.images.list(filters={"label": f"{naming.BUILT_FOR}={name}"})
    return [image for image in built if image.id not in kept]


def remove_unused_images(client: DockerClient, name: str, kept: set[str | None]) -> None:
    """Remove the images that were built for a deployment, but those that are kept and those that containers use."""
    from docker.errors import APIError

    for image in unused_images(client, name, kept):
        try:
            client.images.remove(str(image.id))
        except APIError as error:
            if not error.is_client_error():
                raise


def _image(client: DockerClient, name: str) -> Image | None:
    from docker.errors import ImageNotFound

    try:
        return client.images.get(name)
    except ImageNotFound:
        return None


def _given(client: DockerClient, name: str, pull: str) -> Image:
    from docker.errors import APIError

    found = None if pull == "always" else _image(client, name)
    if found is not None:
        return found
    if pull == "never":
        raise DeployError(f"the engine has no image {name}", code="rejected", hint="pull it, or say -o pull=missing")
    try:
        return client.images.pull(name)
    except APIError as error:
        raise DeployError(f"the image {name} cannot be pulled: {error.explanation or error}", code="failed") from error


def _laid_over(client: DockerClient, request: DeployRequest[DockerOptions], given: Image) -> Image:
    """Build one layer with the model upon an image of the scoring server, which may hold another model."""
    from docker.errors import APIError, BuildError

    place = f"{_LAID_OVER}/{request.digest.rpartition(':')[2][:16]}"
    lines = [
        f"FROM {given.tags[0] if given.tags else given.id}",
        f"COPY model/ {place}/",
        f'ENV MODELPACK_MODEL="{place}" MODELPACK_TRUST="{request.digest}"',
        f'LABEL "{naming.DIGEST}"="{request.digest}" "{naming.BUILT_FOR}"="{request.name}"',
    ]
    with tempfile.TemporaryFile() as context:
        _write_context(context, "\n".join(lines), request.model_path)
        context.seek(0)
        try:
            image, _ = client.images.build(
                fileobj=context, custom_context=True, tag=naming.image_tag(request), rm=True, forcerm=True
            )
        except (BuildError, APIError) as error:
            raise DeployError(
                f"the model cannot be laid over {request.options.image}: {error}", code="failed"
            ) from error
    return image


def _write_context(file: IO[bytes], dockerfile: str, model: Path) -> None:
    with tarfile.open(fileobj=file, mode="w") as archive:
        _add(archive, "Dockerfile", dockerfile.encode())
        for name in [name for name, _ in model_files(model)] + [MANIFEST]:
            if (model / name).is_file():
                _add(archive, f"model/{name}", (model / name).read_bytes())


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    """Add a file that everyone may read, whoever could read the original."""
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), 0o644
    archive.addfile(entry, io.BytesIO(content))


def _built(client: DockerClient, request: DeployRequest[DockerOptions], progress: Callable[[str], None]) -> Image:
    """Build with the engine's own program, whose builder knows caches and secrets."""
    from modelpack.images.context import write_build_context
    from modelpack.images.engines import find_engine
    from modelpack.images.options import ImageOptions

    options = request.options
    contents = ImageOptions(trust=request.digest, extra_requirements=options.extra_requirements)
    found = find_engine("podman" if is_podman(client) else "docker")
    tag = naming.image_tag(request)
    progress(f"building the image {tag}")
    with tempfile.TemporaryDirectory(prefix="modelpack-build-") as scratch:
        context = write_build_context(request.model_path, Path(scratch, "context"), options=contents, base=options.base)
        for note in context.contents.notes:
            progress(f"note: {note}")
        arguments = ["--label", f"{naming.BUILT_FOR}={request.name}", *options.build_arguments]
        program, *words = found.build_command(context.path, tag, Path(scratch, "id"), arguments)
        where = ["--remote", "--url"] if found.kind == "podman" else ["--host"]
        found.run([program, *where, engine_host(options), *words], None)
    return client.images.get(tag)

"""The image of the scoring server for SageMaker: building it, and pushing it to ECR."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelpack_deploy_sagemaker.general_model import saved_general_model
from modelpack_deploy_sagemaker.local_run import DEFAULT_IMAGE
from modelpack_deploy_sagemaker.registry import credentials, repository_uri

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from modelpack.images import ImageOptions
    from modelpack.package.trust import Trust
    from modelpack_deploy_sagemaker.account import Account


def image_tag() -> str:
    """What images are tagged with: the version of modelpack (S138)."""
    return version("modelpack-core")


def build(name: str, model: str | None, progress: Callable[[str], None], trust: Trust | None = None) -> str:
    """Build the image with the engine that is installed, and answer its tag.

    Args:
        name: The image's name.
        model: Whose environment is in it; None for one with what is installed here.
        progress: Called with what the engine says.
        trust: What may run code, as for `load_model`.
    """
    from modelpack.images import build_image

    with _model(model, trust) as (path, options):
        return build_image(path, name, options=options, progress=progress).tag


def push(engine: str, name: str, account: Account, progress: Callable[[str], None]) -> str:
    """Push an image that an engine has, and answer where it is."""
    base, _, tag = name.partition(":")
    uri = f"{repository_uri(account, base)}:{tag or image_tag()}"
    with _logged_in(account, uri) as environment:
        for command in ([engine, "tag", name, uri], [engine, "push", uri]):
            _run(command, environment, progress)
    return uri


def build_and_push(
    name: str, model: str | None, account: Account, progress: Callable[[str], None], trust: Trust | None = None
) -> str:
    """Build an image without an engine, straight into the registry, and answer where it is."""
    from modelpack.images import Delivery, build_model_daemonless

    base, _, tag = name.partition(":")
    uri = f"{repository_uri(account, base)}:{tag or image_tag()}"
    delivery = Delivery(name=uri, push=True, credentials={uri.partition("/")[0]: credentials(account)})
    with _model(model, trust) as (path, options):
        return build_model_daemonless(path, delivery, options=options, progress=progress).name


def build_archive(
    name: str, model: str | None, directory: Path, progress: Callable[[str], None], trust: Trust | None = None
) -> Path:
    """Build an image without an engine into a file that `docker load` takes."""
    from modelpack.images import Delivery, build_model_daemonless

    output = directory / f"{name.replace('/', '-').replace(':', '-')}.tar"
    with _model(model, trust) as (path, options):
        build_model_daemonless(path, Delivery(name=name, output=output), options=options, progress=progress)
    return output


@contextmanager
def _model(model: str | None, trust: Trust | None) -> Iterator[tuple[str | Path, ImageOptions]]:
    """Whose environment an image has, and the rest of it: SageMaker mounts the model, and starts it as root."""
    from modelpack.images import ImageOptions

    if model is not None:
        yield model, ImageOptions(user="root", with_model=False, trust=trust)
        return
    with saved_general_model() as path:
        yield path, ImageOptions(user="root", with_model=False, trust=True)


@contextmanager
def _logged_in(account: Account, uri: str) -> Iterator[dict[str, str]]:
    """An environment in which an engine knows the registry; nothing is written into the user's own files."""
    entry = {"auth": credentials(account).basic().removeprefix("Basic ")}
    content: Any = {"auths": {uri.partition("/")[0]: entry}}
    with tempfile.TemporaryDirectory(prefix="modelpack-login-") as scratch:
        path = Path(scratch, "config.json")
        path.touch(mode=0o600)
        path.write_text(json.dumps(content), encoding="utf-8")
        yield {**os.environ, "DOCKER_CONFIG": scratch, "REGISTRY_AUTH_FILE": str(path)}


def _run(command: list[str], environment: dict[str, str], progress: Callable[[str], None]) -> None:
    from modelpack.images import BuildError

    progress(" ".join([Path(command[0]).name, *command[1:]]))
    with subprocess.Popen(  # noqa: S603 - a list, no shell
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as process:
        last = ""
        for line in process.stdout or ():
            last = line.rstrip()
            progress(last)
    if process.returncode:
        raise BuildError(f"{' '.join(command[1:])} failed: {last}")


__all__ = ["DEFAULT_IMAGE", "build", "build_and_push", "build_archive", "image_tag", "push"]

"""The image of the scoring server for SageMaker: building it, and pushing it to ECR."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelpack.errors import InvalidArgumentError
from modelpack_deploy_sagemaker.registry import credentials, repository_uri

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from modelpack.images import ImageOptions
    from modelpack.package.trust import Trust
    from modelpack_deploy_sagemaker.account import Account

_NAME = re.compile(r"(?:(?:[^/]*[.:][^/]*|localhost)/)?(?P<repository>[^:@]+)(?::(?P<tag>[^@]+))?(?:@.+)?")
"""A registry begins with a host: it has a dot or a port."""


def image_tag() -> str:
    """What images are tagged with: the version of modelpack (S138)."""
    return version("modelpack-core")


@dataclass(frozen=True, slots=True)
class Wanted:
    """An image that somebody wants.

    Attributes:
        name: What it is called; without a tag it gets the version of modelpack.
        model: Whose environment is in it; None for one with what is installed here.
        base: What it is built upon; None for the slim Python of the model's version.
        trust: What may run code, as for `load_model`.
    """

    name: str
    model: str | None = None
    base: str | None = None
    trust: Trust | None = None

    @contextmanager
    def contents(self) -> Iterator[tuple[str | Path, ImageOptions]]:
        """Whose environment it has, and the rest: SageMaker mounts the model, and starts the image as root."""
        from modelpack.images import ImageOptions
        from modelpack_deploy_sagemaker.general_model import saved_general_model

        if self.model is not None:
            yield self.model, ImageOptions(user="root", with_model=False, trust=self.trust)
            return
        with saved_general_model() as path:
            yield path, ImageOptions(user="root", with_model=False, trust=True)


def build(wanted: Wanted, progress: Callable[[str], None]) -> str:
    """Build an image with the engine that is installed, and answer its tag."""
    from modelpack.images import build_image

    with wanted.contents() as (path, options):
        return build_image(path, wanted.name, options=options, base=wanted.base, progress=progress).tag


def push(engine: str, name: str, account: Account, progress: Callable[[str], None]) -> str:
    """Push an image that an engine has, and answer where it is."""
    uri = image_uri(account, name)
    with _logged_in(account, uri) as environment:
        for command in ([engine, "tag", name, uri], [engine, "push", uri]):
            _run(command, environment, progress)
    return uri


def build_and_push(wanted: Wanted, account: Account, progress: Callable[[str], None]) -> str:
    """Build an image without an engine, straight into the registry, and answer where it is."""
    from modelpack.images import Delivery, build_model_daemonless

    uri = image_uri(account, wanted.name)
    delivery = Delivery(name=uri, push=True, credentials={uri.partition("/")[0]: credentials(account)})
    with wanted.contents() as (path, options):
        return build_model_daemonless(path, delivery, options=options, base=wanted.base, progress=progress).name


def build_archive(wanted: Wanted, directory: Path, progress: Callable[[str], None]) -> Path:
    """Build an image without an engine into a file that `docker load` takes."""
    from modelpack.images import Delivery, build_model_daemonless

    output = directory / f"{wanted.name.replace('/', '-').replace(':', '-')}.tar"
    delivery = Delivery(name=wanted.name, output=output)
    with wanted.contents() as (path, options):
        build_model_daemonless(path, delivery, options=options, base=wanted.base, progress=progress)
    return output


def image_uri(account: Account, name: str) -> str:
    """Where an image goes in the account's registry, whichever other one its name says (S138)."""
    parts = _NAME.fullmatch(name)
    if parts is None:
        raise InvalidArgumentError(f"{name!r} is no name of an image", hint="such as mlflow-pyfunc or team/wine:3")
    return f"{repository_uri(account, parts['repository'])}:{parts['tag'] or image_tag()}"


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

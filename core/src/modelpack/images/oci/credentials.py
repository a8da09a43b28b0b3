"""Who one is at a registry, as `docker login` and `podman login` remember it."""

from __future__ import annotations

import base64
import binascii
import json
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelpack.errors import InvalidArgumentError
from modelpack.images.oci.references import DOCKER_HUB

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_HELPER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_HELPER_TIMEOUT = 60
_TOKEN_USER = "<token>"  # noqa: S105 - what helpers answer in the place of a user name
_ABSENT = "credentials not found"


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user name with its password, or a token that gets further tokens.

    Attributes:
        username: The user.
        password: The password; neither is shown when this is printed.
        identity_token: What stands in for both at registries that give such tokens out.
    """

    username: str
    password: str = field(repr=False)
    identity_token: str = field(default="", repr=False)

    def basic(self) -> str:
        """The value of the header `Authorization`."""
        return "Basic " + base64.b64encode(f"{self.username}:{self.password}".encode()).decode()


def find_credentials(registry: str, environ: Mapping[str, str]) -> Credentials | None:
    """What is remembered for a registry.

    Looked for in `REGISTRY_AUTH_FILE`, `config.json` under `DOCKER_CONFIG` or `~/.docker`, and podman's `auth.json`; in
    each, a helper for the registry comes first, then what stands in the file, then the general helper, as in docker.

    Raises:
        InvalidArgumentError: A file or a helper answers what cannot be understood.
    """
    for path in _files(environ):
        content = _read(path)
        found = (
            _ask((content.get("credHelpers") or {}).get(_name(registry)), registry)
            or _stored(content.get("auths") or {}, registry, path)
            or _ask(content.get("credsStore"), registry)
        )
        if found is not None:
            return found
    return None


def _files(environ: Mapping[str, str]) -> Iterator[Path]:
    if file := environ.get("REGISTRY_AUTH_FILE"):
        yield Path(file)
    if directory := environ.get("DOCKER_CONFIG"):
        yield Path(directory, "config.json")
    elif home := environ.get("HOME"):
        yield Path(home, ".docker", "config.json")
    if directory := environ.get("XDG_RUNTIME_DIR"):
        yield Path(directory, "containers", "auth.json")


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError) as error:
        raise InvalidArgumentError(
            f"{path} cannot be read: {error}", hint="log in again, or set DOCKER_CONFIG"
        ) from error
    if not isinstance(content, dict):
        raise InvalidArgumentError(f"{path} holds no JSON object", hint="log in again, or set DOCKER_CONFIG")
    return content


def _name(registry: str) -> str:
    """Docker Hub is remembered by the address that it had in 2014."""
    return "https://index.docker.io/v1/" if registry == DOCKER_HUB else registry


def _stored(entries: Mapping[str, Mapping[str, str]], registry: str, path: Path) -> Credentials | None:
    wanted = _host(_name(registry))
    for name, entry in entries.items():
        if _host(name) == wanted and (entry.get("auth") or entry.get("identitytoken")):
            return _decoded(entry, registry, path)
    return None


def _decoded(entry: Mapping[str, str], registry: str, path: Path) -> Credentials:
    try:
        username, _, password = base64.b64decode(entry.get("auth", ""), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise InvalidArgumentError(
            f"what {path} remembers for {registry} is not Base64", hint="log in again"
        ) from error
    return Credentials(username, password.rstrip("\0"), entry.get("identitytoken", ""))


def _host(name: str) -> str:
    return name.partition("://")[2].partition("/")[0] if "://" in name else name.partition("/")[0]


def _ask(helper: str | None, registry: str) -> Credentials | None:
    """Ask `docker-credential-<helper>` by its protocol: the registry on standard input, JSON on standard output."""
    if not helper:
        return None
    program = shutil.which(f"docker-credential-{helper}") if _HELPER_NAME.fullmatch(helper) else None
    if program is None:
        raise InvalidArgumentError(
            f"the credentials for {registry} are kept by docker-credential-{helper}, which is not there",
            hint="install it, or log in with another helper",
        )
    command = [program, "get"]
    try:
        done = subprocess.run(  # noqa: S603 - the helper that the user has configured, found on the user's PATH
            command, input=_name(registry), capture_output=True, text=True, timeout=_HELPER_TIMEOUT, check=False
        )
        if done.returncode and _ABSENT in done.stdout:
            return None
        answer = json.loads(done.stdout)
        username, secret = str(answer["Username"]), str(answer["Secret"])
    except (ValueError, KeyError, TypeError, subprocess.TimeoutExpired) as error:
        raise InvalidArgumentError(f"docker-credential-{helper} gives no credentials for {registry}") from error
    return Credentials("", "", secret) if username == _TOKEN_USER else Credentials(username, secret)

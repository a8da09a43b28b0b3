"""Reaching an engine, and telling its failures in words."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from modelpack.errors import DeployError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker import DockerClient

    from modelpack_deploy_docker.options import DockerOptions

_USUAL = Path("/var/run/docker.sock")
_SECONDS = 120
_LOCAL = "127.0.0.1"


@contextmanager
def engine(options: DockerOptions) -> Iterator[DockerClient]:
    """A client of the engine that the options or `DOCKER_HOST` name, else of Docker's or podman's usual socket.

    Raises:
        DeployError: The engine cannot be reached (`unreachable`), or refuses something (`failed`); also for what
            happens in the block.
    """
    import requests
    from docker import DockerClient
    from docker.errors import APIError, DockerException
    from docker.utils import kwargs_from_env

    host = engine_host(options)
    arguments: dict[str, Any] = {**kwargs_from_env(), "base_url": host, "timeout": _SECONDS}
    try:
        client = DockerClient(**arguments)
    except (DockerException, requests.RequestException, OSError) as error:
        raise _unreachable(host, error) from error
    try:
        yield client
    except requests.RequestException as error:
        raise _unreachable(host, error) from error
    except APIError as error:
        raise DeployError(f"the engine refuses: {error.explanation or error}", code="failed") from error
    finally:
        client.close()


def engine_host(options: DockerOptions) -> str:
    """Where the engine listens."""
    named = options.docker_host or os.environ.get("DOCKER_HOST")
    if named:
        return named
    runtime = os.environ.get("XDG_RUNTIME_DIR", "/run")
    sockets = [_USUAL, Path(runtime, "podman/podman.sock"), Path("/run/podman/podman.sock")]
    return f"unix://{next((each for each in sockets if each.exists()), _USUAL)}"


def machine(options: DockerOptions) -> str:
    """The address of the machine on which the engine publishes ports."""
    return urlsplit(engine_host(options)).hostname or _LOCAL


def is_podman(client: DockerClient) -> bool:
    """Whether the engine is podman, which speaks Docker's language."""
    return any("podman" in part["Name"].lower() for part in client.version().get("Components") or ())


def _unreachable(host: str, error: Exception) -> DeployError:
    return DeployError(
        f"no container engine answers at {host}: {error}",
        code="unreachable",
        hint="start Docker, or podman's service (`systemctl start podman.socket`), or say where one listens with "
        "DOCKER_HOST or -o docker_host=…",
    )

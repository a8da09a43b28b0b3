"""The engine, the base image and the registry that the other tests need."""

from __future__ import annotations

import urllib.request

import pytest
from docker_engine import NETWORK, DockerEngine

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

_SERVER = "import http.server; http.server.test(HandlerClass=http.server.SimpleHTTPRequestHandler, port=8080)"


def test_container_is_reached_through_a_published_port(docker_engine: DockerEngine, docker_base: str) -> None:
    """A container on the kit's network answers at a port of this machine that the engine chose."""
    run = ["run", "-d", "--rm", "--network", NETWORK, "-p", "127.0.0.1::8080", docker_base, "python", "-c", _SERVER]
    container = docker_engine.docker(*run).stdout.strip()
    address = docker_engine.docker("port", container, "8080").stdout.strip()
    docker_engine.docker("exec", container, "sh", "-c", "for i in 1 2 3 4 5; do sleep 0.2; done")
    with urllib.request.urlopen(f"http://{address}/etc/debian_version", timeout=30) as answer:
        assert answer.read().startswith(b"12")
    docker_engine.docker("rm", "-f", container)


def test_pip_reaches_the_index_while_an_image_is_built(
    docker_engine: DockerEngine, docker_base: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """What a Dockerfile installs with pip, and with the uv that pip installed, comes from where this machine's does."""
    context = tmp_path_factory.mktemp("context")
    lines = [
        f"FROM {docker_base}",
        'RUN ["python", "-m", "pip", "install", "-q", "uv"]',
        'RUN ["uv", "pip", "install", "--system", "iniconfig==2.1.0"]',
    ]
    (context / "Dockerfile").write_text("\n".join(lines))
    docker_engine.docker("build", "--network", "host", "-t", "kit", str(context))
    assert "2.1.0" in docker_engine.docker("run", "--rm", "kit", "python", "-m", "pip", "show", "iniconfig").stdout


def test_image_goes_through_the_registry(docker_engine: DockerEngine, docker_base: str, image_registry: str) -> None:
    """An image that was pushed, and removed here, can be pulled again."""
    name = f"{image_registry}/base:1"
    docker_engine.docker("tag", docker_base, name)
    docker_engine.docker("push", name)
    docker_engine.docker("rmi", name)
    assert "Downloaded" in docker_engine.docker("pull", name).stdout or docker_engine.docker("inspect", name).stdout

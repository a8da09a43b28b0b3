"""The same Dockerfile, built by podman and by buildah."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

import podman_engine
import pytest
from image_building import SavedModel
from podman_engine import Podman
from ports import free_port

from modelpack.images import EngineOptions, ImageOptions, build_image

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def podman() -> Iterator[Podman]:
    """Podman with the base image."""
    with podman_engine.podman() as engine:
        yield engine


@pytest.mark.parametrize("engine", ["podman", "buildah"])
def test_image_of_another_engine_serves(
    podman: Podman, saved_models: dict[str, SavedModel], engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both build it unchanged, keep its health check, and podman runs it read-only until it is stopped."""
    saved = saved_models["python"]
    for name, value in podman.variables.items():
        monkeypatch.setenv(name, value)
    options = EngineOptions(engine=engine, arguments=("--network", "host"))
    built = build_image(saved.path, f"python:{engine}", options=ImageOptions(trust=True), engine=options)
    assert built.engine == engine
    port = free_port()
    network = ["--network", "host", "-e", f"PORT={port}", "-e", "MODELPACK_HOST=127.0.0.1"]
    container = podman.run("run", "-d", "--read-only", *network, built.image_id, "serve")
    try:
        assert _ask(port, saved) == saved.predictions
        assert "health" in podman.run("inspect", "--format", "{{json .Config.Healthcheck}}", container)
        podman.run("stop", "-t", "40", container)
        assert podman.run("inspect", "--format", "{{.State.ExitCode}}", container) == "0"
    finally:
        podman.run("rm", "-f", container, check=False)


def _ask(port: int, saved: SavedModel) -> object:
    body = json.dumps({"dataframe_split": saved.rows}).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}/invocations", body, {"Content-Type": "application/json"})
    for _ in range(900):
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - a loopback address
                return json.load(answer)["predictions"]
        except urllib.error.URLError:
            time.sleep(0.1)
    raise AssertionError("the container does not answer")

"""Images built without an engine, run and passed round by real ones."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from containers import running
from docker_engine import DockerEngine
from image_building import SavedModel, save_slow

sys.path.insert(0, str(Path(__file__).parents[2] / "core/tests/images/oci/kit"))

from layout_rules import check_layout

from modelpack.images import DaemonlessImage, Delivery, ImageOptions, build_model_daemonless

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

KINDS = ("sklearn", "xgboost", "python")
HARDENED = ["--read-only", "--tmpfs", "/tmp", "--user", "54321:54321", "--cap-drop", "ALL"]  # noqa: S108 - in the container

Models = dict[str, SavedModel]


@pytest.fixture(scope="module")
def registry_base(docker_engine: DockerEngine, docker_base: str, image_registry: str) -> str:
    """The base image, in the registry as the engine has pushed it: with a manifest of Docker's, not of the OCI."""
    name = f"{image_registry}/library/{docker_base}"
    docker_engine.docker("tag", docker_base, name)
    docker_engine.docker("push", name)
    return name


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where layouts and archives are written."""
    return tmp_path_factory.mktemp("outputs")


@pytest.fixture(scope="module")
def pushed(
    registry_base: str, image_registry: str, saved_models: Models, outputs: Path
) -> dict[str, tuple[str, DaemonlessImage]]:
    """The image of each model by its name in the registry; each is written into one layout, too."""
    return {
        kind: _build(saved.path, kind, registry_base, image_registry, outputs) for kind, saved in saved_models.items()
    }


def _build(model: Path, kind: str, base: str, registry: str, outputs: Path) -> tuple[str, DaemonlessImage]:
    name = f"{registry}/models/{kind}:1"
    delivery = Delivery(name=name, output=outputs / "layout", push=True)
    return name, build_model_daemonless(model, delivery, options=ImageOptions(trust=str(model)), base=base)


@pytest.mark.parametrize("kind", KINDS)
def test_pulled_image_serves_its_model_and_stops(
    docker_engine: DockerEngine, pushed: dict[str, tuple[str, DaemonlessImage]], saved_models: Models, kind: str
) -> None:
    """What is pulled has the digest that was built, runs read-only as any user, answers, and ends with exit code 0."""
    name, built = pushed[kind]
    assert built.digest in docker_engine.docker("pull", f"{name.rpartition(':')[0]}@{built.digest}").stdout
    docker_engine.docker("pull", name)
    with running(docker_engine, name, *HARDENED, "--memory", "400m", "--memory-swap", "400m") as container:
        container.await_ready()
        assert container.get("/ping") == "\n"
        assert container.invoke(saved_models[kind].rows) == saved_models[kind].predictions
        health = ["exec", container.id, "python", "-m", "modelpack.serving.container", "health"]
        assert docker_engine.docker(*health).returncode == 0
        assert container.stop() == 0
        assert not container.state()["OOMKilled"]


def test_layout_follows_the_specification(pushed: dict[str, tuple[str, DaemonlessImage]], outputs: Path) -> None:
    """The three images are in one layout, and share what they have in common."""
    assert len(pushed) == len(check_layout(outputs / "layout")) == len(KINDS)


def test_archive_is_loaded_by_the_engine(
    docker_engine: DockerEngine, registry_base: str, saved_models: Models, outputs: Path
) -> None:
    """`docker load` takes it, and runs it under its name."""
    saved = saved_models["sklearn"]
    delivery = Delivery(name="loaded:1", output=outputs / "loaded.tar")
    build_model_daemonless(saved.path, delivery, base=registry_base)
    assert "loaded:1" in docker_engine.docker("load", "-i", str(outputs / "loaded.tar")).stdout
    with running(docker_engine, "loaded:1") as container:
        container.await_ready()
        assert container.invoke(saved.rows) == saved.predictions


def test_saved_archive_of_the_engine_is_a_base(
    docker_engine: DockerEngine, docker_base: str, saved_models: Models, outputs: Path
) -> None:
    """Built upon what `docker save` writes, without any registry, the image runs."""
    docker_engine.docker("save", "-o", str(outputs / "base.tar"), docker_base)
    saved = saved_models["sklearn"]
    base = f"docker-archive:{outputs / 'base.tar'}"
    build_model_daemonless(saved.path, Delivery(name="based:1", output=outputs / "based.tar"), base=base)
    docker_engine.docker("load", "-i", str(outputs / "based.tar"))
    with running(docker_engine, "based:1") as container:
        container.await_ready()
        assert container.invoke(saved.rows) == saved.predictions


def test_command_builds_one_digest_anywhere(
    registry_base: str, image_registry: str, saved_models: Models, tmp_path: Path
) -> None:
    """`modelpack build --daemonless`, run in two directories with empty caches, gives one digest."""
    digests = []
    for place in ("one", "another/place"):
        work = tmp_path / place
        work.mkdir(parents=True)
        model = shutil.copytree(saved_models["python"].path, work / "model")
        name = f"{image_registry}/models/command-{place.partition('/')[0]}:1"
        command = [
            sys.executable,
            "-m",
            "modelpack",
            "build",
            str(model),
            "--trust",
            str(model),
            "--daemonless",
            "--json",
            "-t",
            name,
        ]
        done = subprocess.run(
            [*command, "--base", registry_base, "--push", "--output", "layout"],
            cwd=work,
            env={**os.environ, "MODELPACK_HOME": str(work / "home")},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        digests.append(json.loads(done.stdout)["digest"])
    assert digests[0] == digests[1]


def test_next_version_of_a_model_pushes_one_small_layer(
    pushed: dict[str, tuple[str, DaemonlessImage]], registry_base: str, image_registry: str, tmp_path: Path
) -> None:
    """Everything but the model, a few kilobytes, is in the registry already."""
    first = pushed["python"][1]
    told: list[str] = []
    model = save_slow(7.0, tmp_path / "next")
    delivery = Delivery(name=f"{image_registry}/models/python:2", push=True)
    options = ImageOptions(trust=str(model))
    second = build_model_daemonless(model, delivery, options=options, base=registry_base, progress=told.append)
    differing = [b for a, b in zip(first.layers, second.layers, strict=True) if a.digest != b.digest]
    assert [layer.title for layer in differing] == ["model"]
    assert differing[0].size < 50_000
    sent = [line for line in told if line.startswith("pushed:")]
    assert len(sent) == 2, "the model and the configuration"


def test_layout_is_copied_by_skopeo(
    registry_base: str, image_registry: str, saved_models: Models, tmp_path: Path
) -> None:
    """Skopeo reads the layout and brings the image to a registry, where it has the digest that it has here."""
    if shutil.which("skopeo") is None:
        pytest.skip("skopeo is not installed")
    delivery = Delivery(name="model:1", output=tmp_path / "layout")
    built = build_model_daemonless(saved_models["sklearn"].path, delivery, base=registry_base)
    target = f"docker://{image_registry}/copied/sklearn:1"
    _run("skopeo", "copy", "--dest-tls-verify=false", f"oci:{tmp_path / 'layout'}:1", target)
    manifest = _run("skopeo", "inspect", "--raw", "--tls-verify=false", target)
    assert f"sha256:{hashlib.sha256(manifest).hexdigest()}" == built.digest


def _run(*command: str) -> bytes:
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout

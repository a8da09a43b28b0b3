"""Images built from the generated Dockerfile, unchanged, and run by a real engine."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from containers import Container, running
from docker_engine import PROGRAM, DockerEngine
from image_building import Builder, SavedModel, save_slow

from modelpack.images import BuildError, BuiltImage

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

KINDS = ("sklearn", "xgboost", "python")

Images = dict[str, BuiltImage]
Models = dict[str, SavedModel]


@pytest.mark.parametrize("kind", KINDS)
def test_image_serves_its_model_and_stops(
    docker_engine: DockerEngine, images: Images, saved_models: Models, kind: str
) -> None:
    """`docker run IMAGE serve` answers what the model predicts here; told to stop, it ends with exit code 0."""
    saved = saved_models[kind]
    with running(docker_engine, images[kind].tag) as container:
        container.await_ready()
        assert container.invoke(saved.rows) == saved.predictions
        assert container.get("/ping") == "\n"
        assert json.loads(container.get("/v2/models/model"))["name"] == "model"
        assert json.loads(container.get("/execution-parameters"))["BatchStrategy"] == "MULTI_RECORD"
        assert json.loads(container.get("/version"))["digest"] == images[kind].model_digest
        assert container.stop() == 0
        assert [json.loads(line) for line in container.log().splitlines()]


@pytest.mark.parametrize("kind", KINDS)
def test_image_runs_read_only_as_any_user_in_little_memory(
    docker_engine: DockerEngine, images: Images, saved_models: Models, kind: str
) -> None:
    """Nothing needs a writable root, a known user, a capability or more than 400 MB, not even two workers."""
    hardened = ["--read-only", "--tmpfs", "/tmp", "--user", "54321:54321", "--cap-drop", "ALL"]  # noqa: S108 - in the container
    limits = ["--memory", "400m", "--memory-swap", "400m", "-e", "MODELPACK_WORKERS=2"]
    saved = saved_models[kind]
    with running(docker_engine, images[kind].tag, *hardened, *limits) as container:
        container.await_ready()
        for _ in range(20):
            assert container.invoke(saved.rows) == saved.predictions
        assert container.get("/metrics").count("process_max_fds{pid=") == 2
        assert container.stop() == 0
        assert not container.state()["OOMKilled"]


def test_image_does_without_any_writable_directory(docker_engine: DockerEngine, images: Images) -> None:
    """A read-only root with nothing mounted at /tmp will do."""
    with running(docker_engine, images["python"].tag, "--read-only", "-e", "MODELPACK_WORKERS=2") as container:
        container.await_ready()
        assert container.stop() == 0


@pytest.mark.parametrize(
    ("memory", "workers"), [("2g", 2), ("300m", 1)], ids=["as many as CPUs", "as many as fit the memory"]
)
def test_workers_fit_the_limits(docker_engine: DockerEngine, images: Images, memory: str, workers: int) -> None:
    """There is a worker for each CPU of the limit, if the memory suffices."""
    with running(docker_engine, images["python"].tag, "--memory", memory, "--cpus", "2") as container:
        container.await_ready()
        assert _started(container)["workers"] == workers


@pytest.mark.parametrize("variable", ["PORT", "SAGEMAKER_BIND_TO_PORT"])
def test_platform_chooses_the_port(docker_engine: DockerEngine, images: Images, variable: str) -> None:
    """Cloud Run and SageMaker name the port, and the image's health check looks there."""
    image = images["python"].tag
    with running(docker_engine, image, "-e", f"{variable}=9123", port=9123) as container:
        container.await_ready()
        done = docker_engine.docker("exec", container.id, "python", "-m", "modelpack.serving.container", "health")
        assert done.returncode == 0


def test_engine_finds_the_container_healthy(docker_engine: DockerEngine, images: Images) -> None:
    """The image's HEALTHCHECK passes; it fails in a container whose server listens elsewhere."""
    with running(docker_engine, images["python"].tag) as container:
        container.await_ready()
        until = time.monotonic() + 60
        while container.state()["Health"]["Status"] != "healthy" and time.monotonic() < until:
            time.sleep(0.5)
        assert container.state()["Health"]["Status"] == "healthy"
        elsewhere = ["exec", "-e", "PORT=1", container.id, "python", "-m", "modelpack.serving.container", "health"]
        assert docker_engine.docker(*elsewhere, check=False).returncode == 1


def test_request_at_hand_is_answered_before_the_end(docker_engine: DockerEngine, images: Images) -> None:
    """SIGTERM lets a slow request finish; the exit code is 0."""
    answers: list[Any] = []
    with running(docker_engine, images["python"].tag) as container:
        container.await_ready()
        rows = {"columns": ["a", "seconds"], "data": [[1.0, 3.0]]}
        asking = threading.Thread(target=lambda: answers.append(container.invoke(rows)))
        asking.start()
        time.sleep(1)
        assert container.stop() == 0
        asking.join(timeout=30)
    assert answers == [[6.0]]


def test_new_version_of_a_model_is_one_small_layer(docker_engine: DockerEngine, images: Images, tmp_path: Path) -> None:
    """With the same requirements, a second build, by the command, shares every layer but the model's few kilobytes."""
    model = save_slow(7.0, tmp_path / "next")
    network = "--engine-argument=--network=host"
    command = [sys.executable, "-m", "modelpack", "build", str(model), "-t", "python:2", "--engine", PROGRAM, network]
    done = subprocess.run(
        [*command, "--json"], env=docker_engine.environment, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout)["engine"] == "docker"
    assert docker_engine.docker("inspect", "-f", "{{.Id}}", "python:2").stdout.strip() in done.stdout
    assert "exporting to image" in done.stderr  # what the engine says is passed on
    former, latter = (_layers(docker_engine, tag) for tag in (images["python"].tag, "python:2"))
    assert latter[:-1] == former[:-1]
    assert latter[-1] != former[-1]
    history = ["history", "--no-trunc", "--human=false", "--format", "{{.Size}} {{.CreatedBy}}", "python:2"]
    lines = docker_engine.docker(*history).stdout.splitlines()
    (size,) = (int(line.split()[0]) for line in lines if "COPY model/" in line)
    assert 0 < size < 50_000


def test_image_trusts_its_own_model_alone(
    docker_engine: DockerEngine, images: Images, tmp_path: Path, saved_models: Models
) -> None:
    """Another model that runs code is refused when it is mounted, unless the one who starts the container trusts it."""
    other = save_slow(9.0, tmp_path / "other")
    mounted = ["-v", f"{_readable(other)}:/opt/ml/model:ro"]
    with running(docker_engine, images["python"].tag, *mounted) as container:
        assert container.await_end() == 1
        assert json.loads(container.log().splitlines()[-1])["error_code"] == "PERMISSION_DENIED"
    digest = (other / "MANIFEST.sha256").read_bytes()
    allowed = ["-e", f"MODELPACK_TRUST=sha256:{_sha256(digest)}"]
    with running(docker_engine, images["python"].tag, *mounted, *allowed) as container:
        container.await_ready()
        assert container.invoke(saved_models["python"].rows) == [10.5, 11.0]


def test_changed_model_is_refused(docker_engine: DockerEngine, images: Images, tmp_path: Path) -> None:
    """A file that differs from the manifest keeps the server from starting, and is named."""
    model = _readable(save_slow(5.0, tmp_path / "changed"))
    (model / "requirements.txt").write_text("evil\n")
    with running(docker_engine, images["python"].tag, "-v", f"{model}:/opt/ml/model:ro") as container:
        assert container.await_end() == 1
        entry = json.loads(container.log().splitlines()[-1])
    assert entry["error_code"] == "INTEGRITY_VIOLATION"
    assert "requirements.txt" in entry["message"]


def test_model_is_mounted_where_azure_puts_it(
    docker_engine: DockerEngine, builder: Builder, saved_models: Models
) -> None:
    """An image without a model serves the one below `AZUREML_MODEL_DIR`, or says that there is none."""
    saved = saved_models["python"]
    image = builder.build(saved.path, "python:without", with_model=False)
    with running(docker_engine, image.tag) as container:
        assert container.await_end() == 1
        assert "there is no model in /opt/ml/model" in container.log()
    place = "/var/azureml-app/azureml-models/slow/1"
    mounted = ["-e", f"AZUREML_MODEL_DIR={place}", "-v", f"{_readable(saved.path)}:{place}/slow_model:ro"]
    with running(docker_engine, image.tag, *mounted) as container:
        container.await_ready()
        assert container.invoke(saved.rows) == saved.predictions


def test_sagemaker_gets_root_and_training_a_sentence(
    docker_engine: DockerEngine, builder: Builder, images: Images, saved_models: Models
) -> None:
    """SageMaker starts containers as root; an image says so, if it is built for that, and never trains."""
    rooted = builder.build(saved_models["python"].path, "python:root", user="root")
    for tag, user in ((images["python"].tag, "10001"), (rooted.tag, "0")):
        assert docker_engine.docker("run", "--rm", "--entrypoint", "id", tag, "-u").stdout.strip() == user
    trained = docker_engine.docker("run", "--rm", rooted.tag, "train", check=False)
    assert trained.returncode == 2
    assert "trains none" in trained.stderr
    label = '{{index .Config.Labels "com.amazonaws.sagemaker.capabilities.accept-bind-to-port"}}'
    assert docker_engine.docker("inspect", "-f", label, rooted.tag).stdout.strip() == "true"


def test_secrets_of_the_build_are_in_no_layer(
    docker_engine: DockerEngine,
    builder: Builder,
    saved_models: Models,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A private index's address is used by the build, and is in no layer, history, setting or message."""
    secret = "s3cret-of-the-index"  # noqa: S105 - to be looked for
    model = saved_models["python"].path
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", f"https://me:{secret}@127.0.0.1:9/simple")
    with pytest.raises(BuildError, match=r"127\.0\.0\.1:9") as failure:  # the index that the secret names was asked
        builder.build(model, "secret:1", secrets=("PIP_EXTRA_INDEX_URL",), extra_requirements=("iniconfig==2.0.0",))
    assert secret not in failure.value.message
    (tmp_path / "pip.conf").write_text(f"[global]\ncert = /etc/ssl/certs/ca-certificates.crt\n# {secret}\n")
    configuration = f"PIP_CONFIG_FILE={tmp_path / 'pip.conf'}"
    built = builder.build(model, "secret:2", secrets=(configuration,), extra_requirements=("iniconfig==2.1.0",))
    saved = tmp_path / "image.tar"
    docker_engine.docker("save", "-o", str(saved), built.tag)
    assert secret.encode() not in saved.read_bytes()
    with pytest.raises(AssertionError):
        docker_engine.docker("run", "--rm", "--entrypoint", "ls", built.tag, "/run/secrets/PIP_CONFIG_FILE")


def _layers(engine: DockerEngine, tag: str) -> list[str]:
    layers: list[str] = json.loads(engine.docker("inspect", "-f", "{{json .RootFS.Layers}}", tag).stdout)
    return layers


def _started(container: Container) -> dict[str, Any]:
    entries = (json.loads(line) for line in container.log().splitlines())
    return next(entry for entry in entries if entry["message"].startswith("listening on"))


def _readable(model: Path) -> Path:
    """A model that the container's user may read."""
    for path in (model, *model.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return model


def _sha256(content: bytes) -> str:
    import hashlib

    return hashlib.sha256(content).hexdigest()

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from shutil import which

import pytest

sys.path.insert(0, str(Path(__file__).parent / "oci" / "kit"))

from layout_rules import check_layout
from small_images import small_layout, small_wheel
from small_registry import SmallRegistry

from modelpack.errors import InvalidArgumentError
from modelpack.images import DaemonlessImage, Delivery, ImageContents, build_daemonless
from modelpack.images.oci.blobs import content_digest
from modelpack.package.manifest import write_manifest

pytestmark = pytest.mark.skipif(which("uv") is None and find_spec("pip") is None, reason="neither uv nor pip is there")

PYTHON = "3.11"
_BUILD = """
import sys
from pathlib import Path
from test_daemonless import small_contents
from modelpack.images import Delivery, build_daemonless
work = Path(sys.argv[1])
delivery = Delivery(name="model:1", output=work / "image")
print(build_daemonless(small_contents(work), delivery, base=sys.argv[2], platform="linux/amd64").digest)
"""


def small_contents(work: Path, *, weights: str = "1") -> ImageContents:
    """The contents of a small image: one wheel, a model of two files and its manifest."""
    model = work / "model"
    model.mkdir(parents=True, exist_ok=True)
    (model / "MLmodel").write_text("flavors: {}\n")
    (model / "weights").write_text(weights)
    digest = write_manifest(model)
    return ImageContents(
        python_version=PYTHON,
        requirements=("tiny==1.0",),
        wheels=(small_wheel(work / "wheels"),),
        files={PurePosixPath("/opt/modelpack/note.txt"): b"hello"},
        model=model,
        environment={"PYTHONPATH": "/opt/modelpack/packages", "PATH": "/opt/bin:/usr/local/bin"},
        labels={"org.opencontainers.image.created": "2026-01-02T03:04:05+00:00", "modelpack.model.digest": digest},
        digest=digest,
    )


@pytest.fixture
def base(tmp_path: Path) -> str:
    """The layout of a small image that has the interpreter."""
    return f"oci:{small_layout(tmp_path / 'base')}"


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[SmallRegistry]:
    """A registry over HTTP, to which nobody is logged in."""
    for name in ("REGISTRY_AUTH_FILE", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "no-logins"))
    with SmallRegistry().serving() as served:
        yield served


def _build(contents: ImageContents, base: str, delivery: Delivery) -> DaemonlessImage:
    return build_daemonless(contents, delivery, base=base, platform="linux/amd64")


def test_image_follows_the_specification(tmp_path: Path, base: str) -> None:
    """The layout is one, and the configuration says what the contents say, above what the base says."""
    built = _build(small_contents(tmp_path), base, Delivery(name="model:1", output=tmp_path / "image"))
    (config,) = check_layout(tmp_path / "image")
    assert config["created"] == "2026-01-02T03:04:05Z"
    assert config["config"] == {
        "Cmd": ["serve"],
        "Entrypoint": ["python", "-m", "modelpack.serving.container"],
        "Env": ["PATH=/opt/bin:/usr/local/bin", "PYTHONPATH=/opt/modelpack/packages"],
        "ExposedPorts": {"8080/tcp": {}},
        "Healthcheck": {
            "Test": ["CMD", "python", "-m", "modelpack.serving.container", "health"],
            "Interval": 10_000_000_000,
            "Timeout": 5_000_000_000,
            "StartPeriod": 120_000_000_000,
        },
        "Labels": dict(small_contents(tmp_path).labels),
        "User": "10001:10001",
        "WorkingDir": "/tmp",  # noqa: S108 - of the container
    }
    assert [layer.title for layer in built.layers] == ["base", "dependencies", "model", "files"]
    assert built.lock[0].startswith("tiny @ ")


def test_layers_hold_what_they_say(tmp_path: Path, base: str) -> None:
    """The model is the last but one, with its manifest, and the small files come last."""
    built = _build(small_contents(tmp_path), base, Delivery(name="model:1", output=tmp_path / "image"))
    names = []
    for layer in built.layers[-2:]:
        with tarfile.open(tmp_path / "image" / "blobs" / "sha256" / layer.digest[7:]) as tar:
            names.append([entry.name for entry in tar if entry.isfile()])
    model = [f"opt/ml/model/{name}" for name in ("MANIFEST.sha256", "MLmodel", "weights")]
    assert names == [model, ["opt/modelpack/note.txt"]]


@pytest.mark.slow
def test_another_process_elsewhere_builds_the_same_image(tmp_path: Path, base: str) -> None:
    """Directory, cache, time zone, umask, hash seed and the time of the day make no difference."""
    program = f"import os; os.umask(0o77); {_BUILD.strip().replace(chr(10), '; ', 1)}"
    digests = set()
    for number, zone in enumerate(("UTC", "Asia/Tokyo")):
        work = tmp_path / f"place-{number}" / ("x" * 40 * number or "y")
        work.mkdir(parents=True)
        paths = os.pathsep.join([str(Path(__file__).parent), *sys.path])
        done = subprocess.run(
            [sys.executable, "-c", program if number else _BUILD, str(work), base],
            env={**os.environ, "TZ": zone, "MODELPACK_HOME": str(work / "home"), "PYTHONPATH": paths},
            cwd=work,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        digests.add(done.stdout.strip())
    assert len(digests) == 1
    assert digests.pop().startswith("sha256:")


def test_next_version_of_a_model_adds_its_own_layer_alone(tmp_path: Path, base: str) -> None:
    """All other layers are those that were written before."""
    delivery = Delivery(name="model:1", output=tmp_path / "image")
    first = _build(small_contents(tmp_path), base, delivery)
    second = _build(small_contents(tmp_path, weights="2"), base, replace(delivery, name="model:2"))
    assert [layer.reused for layer in second.layers] == [True, True, False, False]
    differing = [a.title for a, b in zip(first.layers, second.layers, strict=True) if a.digest != b.digest]
    assert differing == ["model"]
    assert len(check_layout(tmp_path / "image")) == 2


def test_base_is_named_by_what_it_is(tmp_path: Path, base: str) -> None:
    """The annotations have its digest, and no path of this machine."""
    built = _build(small_contents(tmp_path), base, Delivery(name="model:1", output=tmp_path / "image"))
    manifest = json.loads((tmp_path / "image" / "blobs" / "sha256" / built.digest[7:]).read_bytes())
    index = json.loads((tmp_path / "base" / "index.json").read_bytes())
    assert manifest["annotations"]["org.opencontainers.image.base.digest"] == index["manifests"][0]["digest"]
    assert str(tmp_path) not in json.dumps(manifest)


def test_time_can_be_said(tmp_path: Path, base: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """`SOURCE_DATE_EPOCH` decides; what is no number is refused."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    _build(small_contents(tmp_path), base, Delivery(name="model:1", output=tmp_path / "image"))
    assert check_layout(tmp_path / "image")[0]["created"] == "1970-01-02T00:00:00Z"
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    with pytest.raises(InvalidArgumentError, match="SOURCE_DATE_EPOCH is no number of seconds: 'yesterday'"):
        _build(small_contents(tmp_path), base, Delivery(name="model:1", output=tmp_path / "image"))


def test_image_goes_to_a_registry_and_mounts_its_base(tmp_path: Path, registry: SmallRegistry) -> None:
    """Built upon a base of the same registry, only the layers above it are sent."""
    said = small_layout(tmp_path / "said", {"file": b""}, config={"Env": [f"PYTHON_VERSION={PYTHON}.9"]})
    first = f"{registry.address}/team/first:1"
    _build(small_contents(tmp_path), f"oci:{said}", Delivery(name=first, push=True))
    registry.requests.clear()
    built = _build(small_contents(tmp_path), first, Delivery(name=f"{registry.address}/team/second:1", push=True))
    assert content_digest(registry.manifests["team/second", "1"][1]) == built.digest
    mounted = [path for method, path, _ in registry.requests if "mount=" in path]
    assert len(mounted) == 4, "the base of the first image and what was put on top of it"
    assert not [path for method, path, _ in registry.requests if method == "GET" and built.layers[0].digest in path]


def test_image_goes_into_one_file(tmp_path: Path, base: str) -> None:
    """An output that ends in `.tar` is an archive of the same image."""
    contents = small_contents(tmp_path)
    built = _build(contents, base, Delivery(name="model:1", output=tmp_path / "image.tar"))
    assert _build(contents, base, Delivery(name="model:1", output=tmp_path / "image")).digest == built.digest
    with tarfile.open(tmp_path / "image.tar") as tar:
        assert f"blobs/sha256/{built.digest[7:]}" in tar.getnames()


def test_debian_packages_have_to_be_in_the_base(tmp_path: Path, base: str) -> None:
    """Nothing here installs them, but the caller may know better."""
    delivery = Delivery(name="model:1", output=tmp_path / "image")
    _build(replace(small_contents(tmp_path), system_packages=("libgomp1",)), base, delivery)
    wanting = replace(small_contents(tmp_path), system_packages=("default-jre-headless",))
    with pytest.raises(InvalidArgumentError, match="lacks the Debian packages default-jre-headless"):
        _build(wanting, base, delivery)
    assert build_daemonless(wanting, delivery, base=base, platform="linux/amd64", assume_packages=True).digest


def test_base_with_another_python_is_refused_before_anything_is_built(tmp_path: Path, base: str) -> None:
    """The error says what the model needs."""
    contents = replace(small_contents(tmp_path), python_version="3.12")
    with pytest.raises(InvalidArgumentError, match=r"has no python3\.12"):
        _build(contents, base, Delivery(name="model:1", output=tmp_path / "image"))
    assert not (tmp_path / "image").exists()


def test_interpreter_with_another_name_is_started(tmp_path: Path) -> None:
    """A base that calls it `python3.11` alone is served by its path."""
    base = small_layout(tmp_path / "base", {"usr/bin/python3.11": b""})
    _build(small_contents(tmp_path), f"oci:{base}", Delivery(name="model:1", output=tmp_path / "image"))
    process = check_layout(tmp_path / "image")[0]["config"]
    assert process["Entrypoint"][0] == process["Healthcheck"]["Test"][1] == "/usr/bin/python3.11"


@pytest.mark.parametrize(
    ("delivery", "said"),
    [
        (Delivery(name="model:1"), "would go nowhere"),
        (Delivery(name="Model", push=True), "is no name of an image"),
        (Delivery(name=f"model@sha256:{'0' * 64}", push=True), "has a digest, which follows from what is built"),
        (Delivery(name="model:1", output=Path("/nowhere/at/all/image")), "there is no directory /nowhere/at/all"),
    ],
)
def test_delivery_that_cannot_be_is_refused(tmp_path: Path, base: str, delivery: Delivery, said: str) -> None:
    """Before anything is fetched or built."""
    with pytest.raises(InvalidArgumentError, match=said):
        _build(small_contents(tmp_path), base, delivery)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--push"], "--output, --push, --insecure and --assume-packages go with --daemonless"),
        (["--daemonless", "--push", "--engine", "docker"], "no engine builds a --daemonless image"),
        (["--daemonless"], "the image docker.io/library/model:1 would go nowhere"),
    ],
    ids=["an engine does not push", "no engine is named", "somewhere it has to go"],
)
def test_command_refuses_what_does_not_go_together(tmp_path: Path, options: list[str], said: str) -> None:
    """Two lines say what is wrong and what to do."""
    small_contents(tmp_path)
    command = [sys.executable, "-m", "modelpack", "build", str(tmp_path / "model"), "-t", "model:1", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode in {1, 2}
    assert said in done.stderr
    assert "Traceback" not in done.stderr

"""Build contexts and what they are made of, from models that were really saved."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner

import modelpack
from modelpack.cli.main import app
from modelpack.errors import AlreadyExistsError, InvalidArgumentError, TrustError
from modelpack.images import ImageOptions, image_contents, write_build_context
from modelpack.package.manifest import compute_digest, verify
from modelpack.pyfunc import PythonModel


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model of a Python class, which this user saved and therefore trusts."""

    class Doubled(PythonModel):
        def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:  # noqa: ARG002 - the protocol
            return model_input["a"] * 2

    path = tmp_path / "wine $HOME"
    modelpack.pyfunc.save_model(path, python_model=Doubled(), input_example=pd.DataFrame({"a": [1.5]}))
    (path / "hidden").mkdir()
    (path / "hidden" / ".dockerignore").write_text("*")
    (path / "MANIFEST.sha256").unlink()
    return path


def trusted(**options: Any) -> ImageOptions:
    """Options for a model whose files the fixture has changed since it was saved."""
    return ImageOptions(trust=True, **options)


def test_stranger_gets_no_image(model: Path, tmp_path: Path) -> None:
    """An image trusts its model, so a model that runs code is refused where its builder does not trust it."""
    with pytest.raises(TrustError):
        write_build_context(model, tmp_path / "context")
    assert not (tmp_path / "context").exists()


def test_python_that_is_too_old_is_told_about(model: Path, tmp_path: Path) -> None:
    """A model of Python 3.6 cannot be served as it is; the error says how else."""
    (model / "python_env.yaml").write_text("python: 3.6.5\n")
    with pytest.raises(InvalidArgumentError, match=r"the model is of Python 3\.6") as refused:
        image_contents(model, trusted(), wheels=tmp_path / "wheels")
    assert "--python 3.11" in (refused.value.hint or "")


def test_nothing_is_overwritten(model: Path, tmp_path: Path) -> None:
    """A directory with files in it stays as it is."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").touch()
    with pytest.raises(AlreadyExistsError):
        write_build_context(model, tmp_path / "mine", options=trusted())


@pytest.mark.parametrize("user", ["nobody", "-1", "0; evil", "1:2:3"])
def test_user_is_a_number(user: str) -> None:
    """A name would have to be in the base image, and Kubernetes cannot tell whether it is root."""
    with pytest.raises(InvalidArgumentError, match="neither `root` nor a number"):
        ImageOptions(user=user)


@pytest.mark.slow
def test_context_has_every_file_of_the_model_readable(model: Path, tmp_path: Path) -> None:
    """Hidden files, and those that only their owner may read, are in the context; a manifest is added."""
    (model / "MLmodel").chmod(0o600)
    former = os.umask(0o077)
    try:
        context = write_build_context(model, tmp_path / "context", options=trusted())
    finally:
        os.umask(former)
    copied = tmp_path / "context" / "model"
    assert verify(copied) == compute_digest(model) == context.contents.digest
    assert (copied / "MANIFEST.sha256").is_file()
    assert (copied / "hidden" / ".dockerignore").is_file()
    assert all(path.stat().st_mode & 0o004 for path in copied.rglob("*"))
    assert not (tmp_path / "context" / ".dockerignore").exists()
    assert set(context.contents.files) == {PurePosixPath("/opt/ml/model/MANIFEST.sha256")}


@pytest.mark.slow
def test_contents_trust_one_model_and_run_as_nobody(model: Path, tmp_path: Path) -> None:
    """The digest is the image's trust; the user is not root, and has the home and name that libraries ask for."""
    wheels = tmp_path / "wheels"
    contents = image_contents(model, trusted(), wheels=wheels)
    assert contents.environment["MODELPACK_TRUST"] == contents.labels["modelpack.model.digest"] == contents.digest
    assert contents.user == "10001:10001"
    assert contents.labels["org.opencontainers.image.title"] == "wine $HOME"
    assert contents.labels["com.amazonaws.sagemaker.capabilities.accept-bind-to-port"] == "true"
    other = image_contents(model, trusted(user="root", with_model=False, flavor="python_function"), wheels=wheels)
    assert (other.user, other.model, other.files) == ("0:0", None, {})
    assert other.environment["MODELPACK_FLAVOR"] == "python_function"
    assert other.environment["MODELPACK_TRUST"] == other.digest == contents.digest


@pytest.mark.slow
def test_checkout_becomes_a_wheel(model: Path, tmp_path: Path) -> None:
    """Core, installed from a checkout for these tests, is built, and is the same whenever it is built."""
    built = [image_contents(model, trusted(), wheels=tmp_path / name).wheels for name in ("one", "two")]
    (first,), (second,) = built
    assert first.name == f"modelpack_core-{modelpack.__version__}-py3-none-any.whl"
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.slow
def test_command_writes_the_context(model: Path, tmp_path: Path) -> None:
    """`--context-only` needs no name and no engine, and says how to go on."""
    done = CliRunner().invoke(app, ["build", str(model), "--trust", "all", "--context-only", str(tmp_path / "context")])
    assert done.exit_code == 0, done.output
    assert "docker build -t NAME" in done.stderr
    assert (tmp_path / "context" / "Dockerfile").is_file()


def test_command_wants_a_name(model: Path) -> None:
    """Without `--tag` there is nothing to call the image; the exit code says that the command line is wrong."""
    command = [sys.executable, "-m", "modelpack", "build", str(model)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 2
    assert "the image has no name" in answer.stderr


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_installer_fills_a_directory_that_serves(model: Path, tmp_path: Path) -> None:
    """What the builder stage runs installs all that the server imports, with nothing else on the path."""
    context = write_build_context(model, tmp_path / "context", options=trusted())
    program, packages = tmp_path / "context" / "install.py", tmp_path / "packages"
    uv = shutil.which("uv")
    if uv is None:
        pytest.skip("the environment of the tests has no pip, and uv is not on the path")
    environment = tmp_path / "environment"
    subprocess.run([uv, "venv", "--quiet", "--seed", "-p", sys.executable, str(environment)], check=True)
    python = environment / "bin" / "python"
    quiet = {**os.environ, "PIP_CONFIG_FILE": os.environ.get("PIP_CONFIG_FILE", os.devnull)}
    subprocess.run([python, program, context.contents.python_version, packages], check=True, env=quiet)
    isolated = {"PATH": os.environ["PATH"], "PYTHONPATH": str(packages), "MODELPACK_TRUST": context.contents.digest}
    load = f"modelpack.pyfunc.load_model({str(tmp_path / 'context' / 'model')!r})"
    code = f"import modelpack; print(list({load}.predict({{'a': [4.0]}})))"
    answer = subprocess.run([python, "-c", code], env=isolated, capture_output=True, text=True, check=False)
    assert answer.stdout.strip() == "[8.0]", answer.stderr

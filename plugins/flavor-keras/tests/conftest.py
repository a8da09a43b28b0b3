"""What the tests of the plugin share."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelpack.testing.fixtures import modelpack_home  # noqa: F401 - a fixture

os.environ.setdefault("KERAS_BACKEND", "jax")  # the quickest to import; the others have tests of their own

Rewrite = Callable[[Path, Callable[[Any], None]], None]
RunOn = Callable[..., Any]


@pytest.fixture(scope="session")
def dense() -> Any:
    """Four numbers in, three probabilities out."""
    import keras

    keras.utils.set_random_seed(1)
    return keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(5, activation="relu"), keras.layers.Dense(3, activation="softmax")]
    )


@pytest.fixture(scope="session")
def houses() -> Any:
    """Two named inputs, one of them a single number, and two named outputs."""
    import keras

    keras.utils.set_random_seed(2)
    area, rooms = keras.Input((3,), name="area"), keras.Input((1,), name="rooms")
    hidden = keras.layers.Dense(4, activation="tanh")(keras.layers.Concatenate()([area, rooms]))
    outputs = [keras.layers.Dense(1, name="price")(hidden), keras.layers.Dense(2, name="kind")(hidden)]
    return keras.Model([area, rooms], outputs)


@pytest.fixture
def stranger(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], None]:
    """From the call on, the tests run as somebody who trusts nothing."""

    def become() -> None:
        monkeypatch.setenv("MODELPACK_HOME", str(tmp_path_factory.mktemp("stranger")))

    return become


@pytest.fixture
def rewrite() -> Rewrite:
    """Change the description in the `.keras` file of a saved model, as its author could have."""

    def change(model: Path, edit: Callable[[Any], None]) -> None:
        path = model / "data" / "model.keras"
        (model / "MANIFEST.sha256").unlink(missing_ok=True)
        with zipfile.ZipFile(path) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        description = json.loads(members["config.json"])
        edit(description)
        members["config.json"] = json.dumps(description).encode()
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in members.items():
                archive.writestr(name, content)

    return change


@pytest.fixture
def run_on(tmp_path: Path) -> RunOn:
    """Run a program in a new interpreter with Keras on a backend; it prints JSON as its last line."""

    def run(backend: str | None, program: str, *arguments: str | Path) -> Any:
        environment = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"}
        environment |= {"TF_CPP_MIN_LOG_LEVEL": "3"} | ({} if backend is None else {"KERAS_BACKEND": backend})
        command = [sys.executable, "-c", program, *map(str, arguments)]
        answer = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, env=environment)
        assert answer.returncode == 0, answer.stderr
        return json.loads(answer.stdout.strip().splitlines()[-1])

    return run


@pytest.fixture
def copied(tmp_path: Path) -> Callable[[Path], Path]:
    """A copy of a recorded model, to be changed."""

    def copy(model: Path) -> Path:
        return Path(shutil.copytree(model, tmp_path / f"copy of {model.name}"))

    return copy

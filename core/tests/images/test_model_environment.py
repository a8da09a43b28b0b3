"""What models say of their environment, and what they try."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Any

import pytest

from modelpack.errors import InvalidModelError
from modelpack.images.model_environment import ModelEnvironment, model_environment
from modelpack.package.load import StoredModel
from modelpack.schema.mlmodel import MLmodel
from modelpack.schema.yaml import write_yaml

OLD_CONDA = """
name: mlflow-env
channels: [defaults]
dependencies:
- python=3.6.5
- conda-forge::scikit-learn=0.19.1
- pip
- pip:
  - mlflow==0.9.0
  - cloudpickle==0.5.3
"""


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """The directory of a model beside which a file of someone else's lies."""
    (tmp_path / "secret.txt").write_text("password==1\n")
    directory = tmp_path / "model"
    directory.mkdir()
    return directory


def read(model: Path, **python_function: Any) -> ModelEnvironment:
    """Read the environment of a directory."""
    mlmodel = MLmodel.from_dict({"flavors": {"python_function": {"loader_module": "m", **python_function}}})
    return model_environment(StoredModel(model, mlmodel, "sha256:" + "0" * 64))


def lines(environment: ModelEnvironment) -> list[str]:
    """The lines of an environment."""
    return [each.line for each in environment.requirements]


def test_requirements_file_goes_before_the_conda_environment(model: Path) -> None:
    """Its files and constraints are followed, comments and continued lines are understood."""
    (model / "requirements.txt").write_text(
        "numpy==2.4.6  # arrays\n-r more.txt\npandas>=2,\\\n<4\n-c constraints.txt\n"
    )
    (model / "more.txt").write_text("scipy==1.17.1\n")
    (model / "constraints.txt").write_text("packaging<99\n")
    (model / "conda.yaml").write_text(OLD_CONDA)
    found = read(model)
    assert lines(found) == ["numpy==2.4.6", "pandas<4,>=2", "scipy==1.17.1"]
    assert found.constraints == ("packaging<99",)
    assert found.conda_only == ()


def test_conda_environment_of_an_old_model(model: Path) -> None:
    """Its pip section is taken; what only conda has is named, Python and pip are not."""
    (model / "conda.yaml").write_text(OLD_CONDA)
    found = read(model, env="conda.yaml")
    assert lines(found) == ["mlflow==0.9.0", "cloudpickle==0.5.3"]
    assert found.conda_only == ("scikit-learn",)
    assert found.python == "3.6"


def test_environment_under_another_name(model: Path) -> None:
    """The model says what the file is called."""
    (model / "mine.yaml").write_text(OLD_CONDA)
    assert read(model, env={"conda": "mine.yaml"}).conda_only == ("scikit-learn",)


@pytest.mark.parametrize(
    ("files", "stated", "version"),
    [
        ({"python_env.yaml": "python: 3.12.4\n", "conda.yaml": OLD_CONDA}, "3.11.7", "3.12"),
        ({"conda.yaml": OLD_CONDA}, "3.11.7", "3.6"),
        ({}, "3.13.0rc1", "3.13"),
        ({}, None, ".".join(platform.python_version_tuple()[:2])),
        ({"python_env.yaml": "python: 3.12; rm -rf /\n"}, "3.11.7", "3.11"),
    ],
    ids=["python_env.yaml", "conda.yaml", "MLmodel", "nothing", "what is no version"],
)
def test_version_of_python(model: Path, files: dict[str, str], stated: str | None, version: str) -> None:
    """The first file that states it decides."""
    for name, text in files.items():
        (model / name).write_text(text)
    assert read(model, python_version=stated).python == version


@pytest.mark.parametrize(
    "line",
    [
        "-r ../secret.txt",
        "-r  ../secret.txt  # fine",
        "--requirement=../secret.txt",
        "-r \\\n../secret.txt",
        "-c /etc/passwd",
        "-r/etc/passwd",
        "-r\t/etc/passwd",
        "-r requirements.txt",
        "numpy; rm -rf /",
        "numpy==2 && curl evil",
        "$(touch /tmp/x)",
        "-e .",
        "--install-option=--prefix=/",
        "./local",
        "file:///etc/passwd",
    ],
)
@pytest.mark.parametrize("where", ["requirements.txt", "conda.yaml"])
def test_what_a_model_must_not_say_is_refused(model: Path, line: str, where: str) -> None:
    """No file outside of the model is read, nothing that a shell would run and no other option is passed on."""
    content = {"requirements.txt": f"{line}\n", "conda.yaml": write_yaml({"dependencies": [{"pip": [line]}]})}[where]
    (model / where).write_text(content)
    with pytest.raises(InvalidModelError):
        read(model)

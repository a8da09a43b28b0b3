"""Conda environments that users give."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from modelpack.errors import InvalidArgumentError
from modelpack.package.conda import pip_section, python_of, read_conda, with_pip_section

if TYPE_CHECKING:
    from pathlib import Path

ENVIRONMENT: dict[str, Any] = {
    "name": "xgb_env",
    "channels": ["defaults"],
    "dependencies": [
        "python=3.11.7",
        "conda-forge::libomp",
        "openssl=1.1.1k",
        "mkl>=2024",
        {"pip": ["xgboost==3.2.0"]},
    ],
}


def test_a_mapping_and_a_file_say_the_same(tmp_path: Path) -> None:
    """S47: `conda_env` is a mapping or the path of a YAML file; either is left unchanged."""
    file = tmp_path / "env.yml"
    file.write_text(
        "name: xgb_env\nchannels: [defaults]\ndependencies:\n- python=3.11.7\n- conda-forge::libomp\n"
        "- openssl=1.1.1k\n- mkl>=2024\n- pip:\n  - xgboost==3.2.0\n"
    )
    assert read_conda(file) == read_conda(str(file)) == read_conda(ENVIRONMENT) == ENVIRONMENT


def test_the_parts_are_found() -> None:
    """The pip requirements and the pinned Python."""
    assert pip_section(ENVIRONMENT).requirements == ("xgboost==3.2.0",)
    assert python_of(ENVIRONMENT) == "3.11.7"
    assert python_of({"dependencies": ["python>=3.11", "pythonnet=3.0"]}) is None


def test_the_pip_requirements_are_replaced() -> None:
    """All else is kept, and pip itself is listed, without which conda complains."""
    changed = with_pip_section(ENVIRONMENT, ["a==1", "b==2"])
    assert changed["dependencies"] == [*ENVIRONMENT["dependencies"][:-1], "pip", {"pip": ["a==1", "b==2"]}]
    assert changed["name"] == "xgb_env"
    assert with_pip_section({"dependencies": ["pip=24"]}, ["a"])["dependencies"] == ["pip=24", {"pip": ["a"]}]
    assert with_pip_section({"dependencies": ["pip-tools"]}, ["a"])["dependencies"] == [
        "pip-tools",
        "pip",
        {"pip": ["a"]},
    ]


@pytest.mark.parametrize(
    ("dependency", "message"),
    [
        ("xgboost=0.82cloudpickle=0.8.0", "'xgboost=0.82' and 'cloudpickle=0.8.0'"),
        ("xgboost==0.82cloudpickle==0.8.0", "'xgboost==0.82' and 'cloudpickle==0.8.0'"),
        ("$(rm -rf)", "is not a conda package"),
        ("numpy\nscipy", "is not a conda package"),
        (3.11, "neither a package nor a list for pip"),
        ({"npm": ["x"]}, "neither a package nor a list for pip"),
        ({"pip": "numpy"}, "neither a package nor a list for pip"),
    ],
)
def test_a_malformed_dependency_is_shown(dependency: object, message: str) -> None:
    """§1.14-8: two literals that ran together for want of a comma are told apart."""
    with pytest.raises(InvalidArgumentError) as caught:
        read_conda({"dependencies": [dependency]})
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "spec", ["pytorch=2.1.0=py3.11_cuda12.1_cudnn8", "openssl=1.1.1k=0", "tzdata=2024a", "numpy=2.4=*_0", "x=1.0rc1"]
)
def test_versions_and_builds_with_letters_are_no_mistake(spec: str) -> None:
    """Conda's own build strings pass."""
    assert read_conda({"dependencies": [spec]})["dependencies"] == [spec]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- a\n", "holds no mapping"),
        ("a: [", "env.yml"),
        ("dependencies: numpy\n", "no list"),
        (None, "cannot be read"),
    ],
    ids=["a list", "broken YAML", "dependencies no list", "absent"],
)
def test_a_malformed_file_is_named(tmp_path: Path, text: str | None, message: str) -> None:
    """The error is about the argument, and says what is wrong with the file."""
    file = tmp_path / "env.yml"
    if text is not None:
        file.write_text(text)
    with pytest.raises(InvalidArgumentError) as caught:
        read_conda(file)
    assert "conda_env" in caught.value.message
    assert message in str(caught.value)


def test_the_pip_section_is_checked_too() -> None:
    """Its lines follow the rules of requirements."""
    with pytest.raises(InvalidArgumentError, match="the pip section of conda_env holds 'xgboost=3'"):
        pip_section({"dependencies": [{"pip": ["xgboost=3"]}]})

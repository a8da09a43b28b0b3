"""The programs that build."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelpack.errors import InvalidArgumentError, MissingDependencyError
from modelpack.images.build import EngineOptions, build_image
from modelpack.images.engines import BuildError, find_engine


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only directory of the path, with nothing in it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def add(directory: Path, name: str, body: str = "") -> Path:
    """Make a program that runs some lines."""
    program = directory / name
    program.write_text(f"#!/bin/sh\n{body}\n")
    program.chmod(0o755)
    return program


def test_first_engine_that_is_installed_builds(programs: Path) -> None:
    """Docker goes before podman, and podman before buildah."""
    for name in ("buildah", "podman", "docker"):
        add(programs, name)
        assert find_engine().kind == name


def test_engine_can_be_named(programs: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """By its name, or by its path where it is not on the search path."""
    add(programs, "docker")
    elsewhere = add(tmp_path_factory.mktemp("other"), "podman")
    assert find_engine(str(elsewhere)).program == str(elsewhere)
    with pytest.raises(MissingDependencyError, match="buildah is needed"):
        find_engine("buildah")
    with pytest.raises(InvalidArgumentError, match="'kaniko' is no engine"):
        find_engine("kaniko")


@pytest.mark.usefixtures("programs")
def test_without_an_engine_the_other_ways_are_named(tmp_path: Path) -> None:
    """Who has none can build without one, or elsewhere; and learns it before anything is copied."""
    with pytest.raises(MissingDependencyError, match="docker, podman or buildah is needed") as missing:
        build_image(tmp_path / "no model", "wine:1")
    assert "--daemonless" in (missing.value.hint or "")
    assert "--context-only" in (missing.value.hint or "")


def test_what_the_engine_says_is_passed_on(programs: Path) -> None:
    """Every line as it comes; the last ones again in the error when it fails."""
    program = add(programs, "docker", 'echo "step 1"; echo "no such package" >&2; exit 7')
    said: list[str] = []
    with pytest.raises(BuildError, match="exit code 7: step 1\nno such package"):
        find_engine().run([str(program), "build"], said.append)
    assert said == ["step 1", "no such package"]


@pytest.mark.parametrize("kind", ["docker", "podman", "buildah"])
def test_command_has_the_name_the_context_and_the_arguments(programs: Path, kind: str) -> None:
    """Podman and buildah are told to keep the health check, which their own format has no place for."""
    add(programs, kind)
    options = EngineOptions(platform="linux/arm64", arguments=("--no-cache",))
    command = find_engine(kind).build_command(Path("/context"), "wine:1", Path("/id"), options.words())
    assert command[1] == "build"
    assert ("docker" in command[2:4]) == (kind != "docker")
    assert command[-4:] == ["--platform", "linux/arm64", "--no-cache", "/context"]
    assert command[command.index("--tag") + 1] == "wine:1"
    assert command[command.index("--iidfile") + 1] == "/id"


@pytest.mark.parametrize("tag", ["", "-t", "Wine", "wine:1 --privileged", "wine\n"])
def test_name_of_an_image_has_the_form_of_one(tag: str, tmp_path: Path) -> None:
    """Nothing that is given as a name becomes an option."""
    with pytest.raises(InvalidArgumentError, match="no name of an image"):
        build_image(tmp_path, tag)


@pytest.mark.parametrize("platform", ["arm64", "--privileged", "linux/arm64 x"])
def test_platform_has_the_form_of_one(platform: str) -> None:
    """See `test_name_of_an_image_has_the_form_of_one`."""
    with pytest.raises(InvalidArgumentError, match="no platform"):
        EngineOptions(platform=platform)

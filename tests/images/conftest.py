"""Models and their images, built once by a real engine."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "kit"))

from docker_engine import DockerEngine
from engine_fixtures import base_tar, docker_base, docker_engine, image_registry  # noqa: F401 - fixtures
from image_building import Builder, SavedModel, save_models

from modelpack.images import BuiltImage
from modelpack.testing.fixtures import modelpack_home  # noqa: F401 - a fixture


@pytest.fixture(scope="session")
def session_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where modelpack keeps what lasts longer than a test."""
    home = tmp_path_factory.mktemp("session-home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MODELPACK_HOME", str(home))
        yield home


@pytest.fixture(scope="session")
def saved_models(tmp_path_factory: pytest.TempPathFactory, session_home: Path) -> dict[str, SavedModel]:  # noqa: ARG001 - its variable
    """A model of each kind."""
    return save_models(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="session")
def builder(docker_engine: DockerEngine, docker_base: str) -> Builder:  # noqa: F811, ARG001 - fixtures
    """What builds images here."""
    return Builder(docker_engine)


@pytest.fixture(scope="session")
def images(builder: Builder, saved_models: dict[str, SavedModel]) -> dict[str, BuiltImage]:
    """The image of each model."""
    return {kind: builder.build(saved.path, f"{kind}:1") for kind, saved in saved_models.items()}

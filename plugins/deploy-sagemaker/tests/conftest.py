"""A stand-in for SageMaker, two models, and how the tests are run against a live account instead."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

import modelpack.pyfunc
from modelpack import ModelInfo
from modelpack.package.trust import trust_own
from modelpack.testing.fixtures import modelpack_home, warm_programs  # noqa: F401 - fixtures
from modelpack.testing.warm_programs import WarmPrograms

sys.path.insert(0, str(Path(__file__).parents[3] / "tests" / "images" / "kit"))
sys.path.insert(0, str(Path(__file__).parent))

from handed_image import handed_image  # noqa: F401 - a fixture
from plus_model import Plus
from sagemaker_simulator import SageMakerSimulator

_FOREIGN_VARIABLES = ("AWS_PROFILE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_REGION")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that leads the conformance kit to a live account."""
    parser.addoption("--live", action="store_true", help="deploy to the account of the AWS configuration, for money")


@dataclass(frozen=True)
class Place:
    """Where the tests deploy.

    Attributes:
        simulator: The stand-in.
        role: A role that SageMaker may take on.
        bucket: A bucket.
        image: An image of the scoring server without a model.
    """

    simulator: SageMakerSimulator
    role: str
    bucket: str
    image: str

    def options(self, **more: Any) -> dict[str, Any]:
        """Options that lead there."""
        return {"role": self.role, "bucket": self.bucket, "image": self.image, **more}

    def arguments(self, **more: Any) -> dict[str, Any]:
        """What every verb takes."""
        return {"target": "sagemaker", "options": self.options(**more)}


@pytest.fixture(scope="session")
def simulator(
    tmp_path_factory: pytest.TempPathFactory,
    warm_programs: WarmPrograms,  # noqa: F811 - the fixture
) -> Iterator[SageMakerSimulator]:
    """The stand-in, which answers as long as the tests run."""
    directory = tmp_path_factory.mktemp("sagemaker")
    with SageMakerSimulator(directory, warm_programs, delay=0.1, page_size=2, patience=30.0) as running:
        yield running


@pytest.fixture
def place(simulator: SageMakerSimulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """An account with a role, a bucket and an image, and nothing else; boto3 is led there."""
    simulator.reset()
    use(simulator, monkeypatch)
    yield Place(simulator, simulator.create_role(), simulator.create_bucket("models"), simulator.push_image())
    simulator.reset()


def use(simulator: SageMakerSimulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lead boto3 to the stand-in."""
    for name in _FOREIGN_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name, value in simulator.environment().items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="session")
def saved(tmp_path_factory: pytest.TempPathFactory) -> tuple[ModelInfo, ModelInfo]:
    """Two models, for tests to copy: saving reads what is installed, which takes a while here."""
    folder = tmp_path_factory.mktemp("saved")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MODELPACK_HOME", str(folder / "home"))
        first, second = (
            modelpack.pyfunc.save_model(folder / f"plus-{number}", python_model=Plus(number), code_paths=[PLUS_FILE])
            for number in (1, 2)
        )
    return first, second


@pytest.fixture
def models(tmp_path: Path, saved: tuple[ModelInfo, ModelInfo]) -> tuple[ModelInfo, ModelInfo]:
    """Two models: plus 1 and plus 2."""
    first, second = (copied(info, tmp_path / info.path.name) for info in saved)
    return first, second


def copied(info: ModelInfo, path: Path) -> ModelInfo:
    """A copy of a saved model, trusted as if it was saved there."""
    shutil.copytree(info.path, path)
    trust_own(info.digest, path)
    return replace(info, path=path, model_uri=str(path))


PLUS_FILE = Path(__file__).parent / "plus_model.py"

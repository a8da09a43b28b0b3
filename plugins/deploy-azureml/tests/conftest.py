"""A stand-in for Azure ML that runs the real scoring server, and two models."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

import modelpack
import modelpack.pyfunc
from modelpack.package.trust import trust_own
from modelpack.testing.fixtures import modelpack_home, warm_programs  # noqa: F401 - fixtures

sys.path.insert(0, str(Path(__file__).parents[3] / "tests" / "images" / "kit"))
sys.path.insert(0, str(Path(__file__).parent))

from azure_simulator import AzureSimulator
from handed_image import handed_image  # noqa: F401 - a fixture
from live_azure import LiveAzure
from plus_model import Plus

if TYPE_CHECKING:
    from modelpack import ModelInfo
    from modelpack.testing.warm_programs import WarmPrograms


class AnyImage(Mapping[str, Path]):
    """Every image can be pulled, but for those called `lost`; none has a model in it, since Azure mounts it."""

    def __init__(self, empty: Path) -> None:
        """Answer an empty directory as each image's model."""
        self._empty = empty

    def __getitem__(self, image: str) -> Path:
        if image.startswith("lost"):
            raise KeyError(image)
        return self._empty

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 1


def pytest_configure(config: pytest.Config) -> None:
    """Azure's library warns of its own use of other libraries while it is imported."""
    config.addinivalue_line("filterwarnings", "ignore:.*:DeprecationWarning:marshmallow")
    config.addinivalue_line("filterwarnings", "ignore:.*:DeprecationWarning:azure")
    config.addinivalue_line("filterwarnings", "ignore:The .ordered. .class Meta. option is deprecated")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the owner of an account run the conformance kit there."""
    with suppress(ValueError):  # another target's tests have added it
        parser.addoption("--live", action="store_true", help="deploy to an account of yours; see the target's README")


@pytest.fixture(scope="session")
def saved(tmp_path_factory: pytest.TempPathFactory) -> tuple[ModelInfo, ModelInfo]:
    """Two models, for tests to copy: saving reads what is installed, which takes a while here."""
    folder = tmp_path_factory.mktemp("saved")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MODELPACK_HOME", str(folder / "home"))
        return save_plus(folder / "plus-1", 1.0), save_plus(folder / "plus-2", 2.0)


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


def save_plus(path: Path, number: float) -> ModelInfo:
    """Save a model with its code, so that another process can load it."""
    rows = pd.DataFrame({"x": [1.5]})
    return modelpack.pyfunc.save_model(
        path,
        python_model=Plus(number),
        code_paths=[Path(__file__).with_name("plus_model.py")],
        signature=modelpack.infer_signature(rows, rows),
    )


@pytest.fixture
def azure(tmp_path: Path, warm_programs: WarmPrograms) -> Iterator[AzureSimulator]:  # noqa: F811 - the fixture
    """An empty workspace."""
    directory = tmp_path / "azure"
    directory.mkdir()
    with AzureSimulator(directory, warm_programs, images=AnyImage(tmp_path / "nothing")) as simulator:
        yield simulator


def place(azure: AzureSimulator | LiveAzure, **options: Any) -> dict[str, Any]:
    """The options that lead to the workspace."""
    where = azure.place()
    return {
        "subscription": where["subscription_id"],
        "resource_group": where["resource_group_name"],
        "workspace": where["workspace_name"],
        "image": azure.image() if isinstance(azure, LiveAzure) else "registry.azurecr.io/plus:{digest}",
        "operation_timeout": 1800 if isinstance(azure, LiveAzure) else 60,
        **options,
    }

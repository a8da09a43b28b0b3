"""A stand-in for Azure ML that runs the real scoring server, and two models."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import modelpack.pyfunc
from modelpack.testing.fixtures import modelpack_home  # noqa: F401 - a fixture

sys.path.insert(0, str(Path(__file__).parent))

from azure_simulator import AzureSimulator

if TYPE_CHECKING:
    from modelpack import ModelInfo


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


class Plus(modelpack.pyfunc.PythonModel):
    """Adds a number to every value."""

    def __init__(self, number: float) -> None:
        self.number = number

    def predict(self, context: Any, model_input: Any) -> Any:  # noqa: ARG002 - the contract of a PythonModel
        """Add it."""
        return model_input + self.number


def pytest_configure(config: pytest.Config) -> None:
    """Azure's library warns of its own use of other libraries while it is imported."""
    config.addinivalue_line("filterwarnings", "ignore:.*:DeprecationWarning:marshmallow")
    config.addinivalue_line("filterwarnings", "ignore:.*:DeprecationWarning:azure")
    config.addinivalue_line("filterwarnings", "ignore:The .ordered. .class Meta. option is deprecated")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the owner of an account run the conformance kit there."""
    parser.addoption("--live", action="store_true", help="deploy to the workspace that AZUREML_ARM_… name")


@pytest.fixture
def models(tmp_path: Path) -> tuple[ModelInfo, ModelInfo]:
    """Two models: plus 1 and plus 2."""
    first, second = (
        modelpack.pyfunc.save_model(tmp_path / f"plus-{number}", python_model=Plus(number)) for number in (1, 2)
    )
    return first, second


@pytest.fixture
def azure(tmp_path: Path) -> Iterator[AzureSimulator]:
    """An empty workspace."""
    directory = tmp_path / "azure"
    directory.mkdir()
    with AzureSimulator(directory, images=AnyImage(tmp_path / "nothing")) as simulator:
        yield simulator


def place(azure: AzureSimulator, **options: Any) -> dict[str, Any]:
    """The options that lead to the workspace."""
    where = azure.place()
    return {
        "subscription": where["subscription_id"],
        "resource_group": where["resource_group_name"],
        "workspace": where["workspace_name"],
        "image": "registry.azurecr.io/plus:{digest}",
        "operation_timeout": 60,
        **options,
    }

"""A workspace, and the plain SDK as its client."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from azure_simulator import AzureSimulator

from modelpack.testing import target_models

if TYPE_CHECKING:
    from collections.abc import Iterator

    from azure.ai.ml import MLClient

    from modelpack.testing.warm_programs import WarmPrograms


@pytest.fixture
def simulator(tmp_path: Path, warm_programs: WarmPrograms) -> Iterator[AzureSimulator]:
    """An empty workspace that can pull the images of two models."""
    images = {}
    for kind in ("first", "second"):
        target_models.save_model(tmp_path / kind, kind, {})
        images[f"{kind}:1"] = tmp_path / kind
    directory = tmp_path / "simulator"
    directory.mkdir()
    with AzureSimulator(directory, warm_programs, images=images, page=2) as simulator:
        yield simulator


@pytest.fixture
def client(simulator: AzureSimulator) -> MLClient:
    """The SDK's client of the workspace."""
    from azure.ai.ml import MLClient

    return MLClient(**simulator.client_arguments())

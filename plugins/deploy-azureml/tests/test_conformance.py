"""What every target has to do, with a stand-in for Azure ML that runs the real scoring server."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from azure_simulator import AzureSimulator
from conftest import AnyImage, place, save_plus
from live_azure import LiveAzure

import modelpack
from modelpack.testing import TargetTests

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

KEPT = re.compile(r"blobs/|codes/|containers/")
"""What is no part of a deployment: uploads, which models share, and processes of the simulator."""


class TestAzureML(TargetTests):
    """Managed online endpoints in a workspace of the tests' own."""

    target = "azureml"
    distribution = "modelpack-deploy-azureml"
    library = "azure.ai.ml"
    has_logs = True
    exports = True
    runs_locally = True
    divides_traffic = True
    more_than_a_page = 3
    runs_batch_jobs = True
    patience = 120.0
    refused_names = ("under_score", "ab", "double--dash", "Capital", "a" * 33)
    secret_options = {"env": {"TOKEN": "an-unguessable-token"}}  # noqa: RUF012 - as the kit declares it

    azure: AzureSimulator | LiveAzure
    another: Path

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _azure(cls, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
        directory = tmp_path_factory.mktemp("azure")
        cls.another = directory / "another-model"
        if request.config.getoption("--live", default=False):
            cls.azure, cls.patience, cls.runs_batch_jobs = LiveAzure(), 3600.0, False
            yield
            return
        programs = request.getfixturevalue("warm_programs")
        with AzureSimulator(directory, programs, images=AnyImage(directory), page=2) as simulator:
            cls.azure = simulator
            yield

    def options(self, scratch: Path) -> Mapping[str, Any]:  # noqa: ARG002 - nothing is written
        """The workspace, and images without a model."""
        return place(self.azure, batch_compute="cpu-cluster")

    def footprint(self, options: Mapping[str, Any]) -> Collection[str]:  # noqa: ARG002 - there is one workspace
        """Every resource that is not archived."""
        return [name for name in self.azure.names() if not KEPT.match(name) and not self._is_archived(name)]

    def _is_archived(self, name: str) -> bool:
        return bool(self.azure.document(name)["properties"].get("isArchived"))

    @contextmanager
    def foreign(self, options: Mapping[str, Any]) -> Iterator[str]:  # noqa: ARG002 - there is one workspace
        """An endpoint that somebody else made."""
        self.azure.create_foreign_endpoint("theirs")
        yield "theirs"
        self.azure.remove("onlineEndpoints/theirs")

    def changed_options(self, options: Mapping[str, Any]) -> Mapping[str, Any]:
        """More instances."""
        return {**options, "instance_count": 3}

    def observed(self, options: Mapping[str, Any], name: str) -> Mapping[str, Any]:  # noqa: ARG002 - there is one workspace
        """How many there are."""
        (deployment,) = [each for each in self.azure.names() if each.startswith(f"onlineEndpoints/{name}/deployments/")]
        return {"instances": self.azure.document(deployment)["sku"]["capacity"]}

    def changes(self, options: Mapping[str, Any]) -> int | None:  # noqa: ARG002 - there is one workspace
        """How many requests have asked for a change."""
        return self.azure.changes

    def add_variant(self, options: Mapping[str, Any], name: str) -> Mapping[str, float]:
        """Another model, which gets a tenth of the requests at first."""
        if not self.another.exists():
            save_plus(self.another, 3.0)
        (before,) = modelpack.deployments.get(name, target="azureml", options=options).variants
        modelpack.deploy(self.another, target="azureml", name=name, options={**options, "traffic": 10})
        after = modelpack.deployments.get(name, target="azureml", options=options).variants
        (added,) = [each.name for each in after if each.name != before.name]
        assert {each.name: each.traffic for each in after} == {before.name: 90.0, added: 10.0}
        return {before.name: 40.0, added: 60.0}

    def batch_data(self, options: Mapping[str, Any], rows: bytes) -> tuple[str, str]:  # noqa: ARG002 - there is one workspace
        """A file in the workspace's storage, and a folder there."""
        assert isinstance(self.azure, AzureSimulator)
        return self.azure.upload("data/rows.csv", rows), "azureml://datastores/workspaceblobstore/paths/scored/"

    def predictions(self, options: Mapping[str, Any], output: str) -> bytes:  # noqa: ARG002 - there is one workspace
        """The one file in the folder."""
        assert isinstance(self.azure, AzureSimulator)
        folder = f"blobs/{output.partition('/paths/')[2]}"
        (name,) = [name for name in self.azure.names() if name.startswith(folder)]
        return self.azure.blob(name.removeprefix("blobs/"))

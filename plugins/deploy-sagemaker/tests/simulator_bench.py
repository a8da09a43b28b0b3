"""Plain boto3 against the simulator, with what most tests need before they begin."""

from __future__ import annotations

import io
import json
import sys
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from modelpack.testing import target_models
from modelpack.testing.warm_programs import WarmPrograms

sys.path.insert(0, str(Path(__file__).parent))

from sagemaker_simulator import SageMakerSimulator

BODY = json.dumps({"dataframe_split": {"columns": ["x"], "data": [[1.0], [2.0]]}}).encode()
BUCKET = "the-models"
ARN = "arn:aws:sagemaker:us-east-1:123456789012"
FIRST, SECOND = [2.0, 3.0], [21.0, 22.0]
"""What the two models answer to the body."""


@dataclass(frozen=True, slots=True)
class Saved:
    """A saved model.

    Attributes:
        path: Its directory.
        digest: Its digest.
    """

    path: Path
    digest: str


class Bench:
    """Plain boto3, with what most tests need before they begin."""

    def __init__(self, simulator: SageMakerSimulator, models: dict[str, Saved]) -> None:
        self.simulator = simulator
        self.models = models
        self.of: Callable[[str], Any] = cache(self._client)
        self.client = self.of("sagemaker")
        self.role = simulator.create_role()
        self.image = simulator.push_image()
        simulator.create_bucket(BUCKET)

    def _client(self, service: str) -> Any:
        session: Any = boto3.Session("simulated", "simulated", region_name="us-east-1")
        return session.client(service, endpoint_url=self.simulator.url)

    def model(self, kind: str = "first", **changed: Any) -> str:
        """Upload and create a model."""
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as archive:
            archive.add(self.models[kind].path, ".")
        key = f"{kind}/model.tar.gz"
        self.of("s3").put_object(Bucket=BUCKET, Key=key, Body=packed.getvalue())
        container = {
            "Image": self.image,
            "ModelDataUrl": f"s3://{BUCKET}/{key}",
            "Environment": {"MODELPACK_TRUST": self.models[kind].digest},
        }
        asked = {"ModelName": kind, "ExecutionRoleArn": self.role, "PrimaryContainer": container, **changed}
        self.client.create_model(**asked)
        return kind

    def config(self, name: str, *variants: dict[str, Any], **more: Any) -> str:
        """Create a configuration."""
        self.client.create_endpoint_config(EndpointConfigName=name, ProductionVariants=list(variants), **more)
        return name

    def serve(self, kind: str = "first", name: str = "adder", **more: Any) -> str:
        """Let an endpoint serve one model."""
        config = self.config(f"{name}-config", variant(self.model(kind)), **more)
        self.client.create_endpoint(EndpointName=name, EndpointConfigName=config)
        self.wait(name)
        return name

    def wait(self, name: str, event: str = "endpoint_in_service") -> None:
        """Wait for an endpoint."""
        self.client.get_waiter(event).wait(EndpointName=name, WaiterConfig={"Delay": 0.1, "MaxAttempts": 300})

    def describe(self, name: str) -> dict[str, Any]:
        """An endpoint as it is."""
        found: dict[str, Any] = self.client.describe_endpoint(EndpointName=name)
        return found

    def answers(self, name: str, **asked: Any) -> list[float]:
        """What an endpoint answers to 1 and 2."""
        answer = self.of("sagemaker-runtime").invoke_endpoint(
            EndpointName=name, Body=BODY, ContentType="application/json", **asked
        )
        found: list[float] = json.loads(answer["Body"].read())["predictions"]
        return found


def variant(model: str, name: str = "all", **changed: Any) -> dict[str, Any]:
    """A production variant."""
    return {
        "VariantName": name,
        "ModelName": model,
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
        **changed,
    }


@pytest.fixture(scope="module", name="running")
def running_simulator(
    tmp_path_factory: pytest.TempPathFactory, warm_programs: WarmPrograms
) -> Iterator[SageMakerSimulator]:
    """A simulator for all tests."""
    with SageMakerSimulator(tmp_path_factory.mktemp("simulator"), warm_programs, delay=0.3, page_size=2) as simulator:
        yield simulator


@pytest.fixture(scope="module", name="models")
def saved_models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Saved]:
    """Two models of the conformance kit: plus 1 and plus 20."""
    directory = tmp_path_factory.mktemp("models")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MODELPACK_HOME", str(directory / "home"))
        paths = {kind: directory / kind for kind in ("first", "second")}
        return {kind: Saved(path, target_models.save_model(path, kind, {})) for kind, path in paths.items()}


@pytest.fixture(name="bench")
def empty_bench(running: SageMakerSimulator, models: dict[str, Saved]) -> Iterator[Bench]:
    """An account with a role, an image and a bucket, and nothing else."""
    running.reset()
    yield Bench(running, models)
    running.reset()


def refused(call: Any, **asked: Any) -> str:
    """What is said when a call is refused."""
    with pytest.raises(ClientError) as caught:
        call(**asked)
    found: str = caught.value.response["Error"]["Message"]
    return found

"""What every target has to do, with a stand-in for SageMaker that runs the real scoring server; or with the real one.

`pytest --live` deploys to the account of the AWS configuration, with the role, the bucket and the image that the
variables of `LIVE_VARIABLES` name. The README says what it costs.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
from conftest import use
from live_account import LiveAccount
from sagemaker_simulator import SageMakerSimulator

from modelpack.testing import TargetTests

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]
LIVE_VARIABLES = ("MODELPACK_LIVE_ROLE", "MODELPACK_LIVE_BUCKET", "MODELPACK_LIVE_IMAGE")


class TestSageMaker(TargetTests):
    """Endpoints, in an account of the tests' own."""

    target = "sagemaker"
    distribution = "modelpack-deploy-sagemaker"
    library = "boto3"
    has_logs = True
    divides_traffic = True
    exports = True
    runs_batch_jobs = True
    runs_locally = True
    more_than_a_page = 3
    patience = 120.0
    refused_names = ("under_score", "dotted.name", "a" * 40, "ends-")
    secret_options = {"env": {"TOKEN": "an-unguessable-token"}}  # noqa: RUF012 - as the kit declares it
    unjudged_loggers = ("boto3", "botocore", "urllib3")

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _place(cls, request: pytest.FixtureRequest) -> Iterator[None]:
        if request.config.getoption("--live", default=False):
            missing = [name for name in LIVE_VARIABLES if name not in os.environ]
            assert not missing, f"set {', '.join(missing)}"
            cls.patience = 2400.0
            cls.account = LiveAccount(*(os.environ[name] for name in LIVE_VARIABLES))
            yield
            return
        simulator: SageMakerSimulator = request.getfixturevalue("simulator")
        simulator.reset()
        with pytest.MonkeyPatch.context() as patch:
            use(simulator, patch)
            patch.setenv("PATH", str(Path(sys.executable).parent))  # no engine: there is nothing to pull the image from
            cls.account = Simulated(simulator)
            yield
            simulator.reset()

    account: LiveAccount | Simulated

    def options(self, scratch: Path) -> Mapping[str, Any]:  # noqa: ARG002 - nothing is written
        """A role, a bucket and an image."""
        return self.account.options()

    def footprint(self, options: Mapping[str, Any]) -> Collection[str]:  # noqa: ARG002 - there is one account
        """Endpoints, configurations, models, objects, scalable targets and policies."""
        return self.account.names()

    @contextmanager
    def foreign(self, options: Mapping[str, Any]) -> Iterator[str]:  # noqa: ARG002 - there is one account
        """An endpoint that somebody else has made."""
        with self.account.foreign("theirs"):
            yield "theirs"

    def changed_options(self, options: Mapping[str, Any]) -> Mapping[str, Any]:
        """Other instances, and data capture."""
        return {**options, "instance_type": "ml.m5.xlarge", "data_capture": {"percentage": 50}}

    def observed(self, options: Mapping[str, Any], name: str) -> Mapping[str, Any]:  # noqa: ARG002 - there is one account
        """What the endpoint's configuration says, but for names."""
        client = boto3.client("sagemaker")
        endpoint = client.describe_endpoint(EndpointName=name)
        config = client.describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"])
        (variant,) = config["ProductionVariants"]
        capture = config.get("DataCaptureConfig")
        return {"type": variant["InstanceType"], "count": variant["InitialInstanceCount"], "capture": capture}

    def changes(self, options: Mapping[str, Any]) -> int | None:  # noqa: ARG002 - there is one account
        """How many requests have asked for a change."""
        return self.account.changes()

    def add_variant(self, options: Mapping[str, Any], name: str) -> Mapping[str, float]:
        """The same model once more, beside itself."""
        import modelpack

        model = next(path for path in Path(os.environ["MODELPACK_HOME"]).parent.glob("model-first"))
        before = {each.name for each in modelpack.deployments.get(name, target="sagemaker", options=options).variants}
        added = modelpack.deploy(model, target="sagemaker", name=name, options={**options, "mode": "add"})
        (new,) = {each.name for each in added.variants} - before
        return {**dict.fromkeys(before, 75.0), new: 25.0}

    def batch_data(self, options: Mapping[str, Any], rows: bytes) -> tuple[str, str]:
        """In the bucket, apart from what the target writes there."""
        boto3.client("s3").put_object(Bucket=options["bucket"], Key="kit-data/in/rows.csv", Body=rows)
        return f"s3://{options['bucket']}/kit-data/in/", f"s3://{options['bucket']}/kit-data/out/"

    def predictions(self, options: Mapping[str, Any], output: str) -> bytes:
        """What the job has written beside the name of its input."""
        key = f"{output.removeprefix('s3://').partition('/')[2]}rows.csv.out"
        body: bytes = boto3.client("s3").get_object(Bucket=options["bucket"], Key=key)["Body"].read()
        return body


class Simulated:
    """The stand-in, as the kit sees it."""

    def __init__(self, simulator: SageMakerSimulator) -> None:
        self._simulator = simulator
        self._role, self._image = simulator.create_role(), simulator.push_image()
        self._bucket = simulator.create_bucket("kit")

    def options(self) -> dict[str, Any]:
        """What leads there."""
        return {"role": self._role, "bucket": self._bucket, "image": self._image, "region": self._simulator.region}

    def names(self) -> Collection[str]:
        """Everything that stands."""
        return list(self._simulator.names().elements())

    def changes(self) -> int:
        """How many requests have asked for a change."""
        return self._simulator.changes

    @contextmanager
    def foreign(self, name: str) -> Iterator[None]:
        """An endpoint without tags."""
        self._simulator.create_foreign_endpoint(name)
        try:
            yield
        finally:
            client = boto3.client("sagemaker")
            client.delete_endpoint(EndpointName=name)
            client.get_waiter("endpoint_deleted").wait(EndpointName=name, WaiterConfig={"Delay": 1})
            client.delete_endpoint_config(EndpointConfigName=name)
            client.delete_model(ModelName=name)

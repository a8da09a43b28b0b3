"""The stand-in for SageMaker is as strict as SageMaker, takes its time, and serves with the real server."""

from __future__ import annotations

import io
import json
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, WaiterError

from modelpack.testing import target_models

sys.path.insert(0, str(Path(__file__).parent))

from sagemaker_simulator import Failure, SageMakerSimulator

BODY = json.dumps({"dataframe_split": {"columns": ["x"], "data": [[1.0], [2.0]]}}).encode()
BUCKET = "the-models"


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
        self.client: Any = self.of("sagemaker")
        self.role = simulator.create_role()
        self.image = simulator.push_image()
        simulator.create_bucket(BUCKET)

    def of(self, service: str) -> Any:
        """A client of a service."""
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


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SageMakerSimulator]:
    """A simulator for all tests."""
    with SageMakerSimulator(tmp_path_factory.mktemp("simulator"), delay=0.3, page_size=2) as simulator:
        yield simulator


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Saved]:
    """Two models of the conformance kit: plus 1 and plus 20."""
    directory = tmp_path_factory.mktemp("models")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MODELPACK_HOME", str(directory / "home"))
        paths = {kind: directory / kind for kind in ("first", "second")}
        return {kind: Saved(path, target_models.save_model(path, kind, {})) for kind, path in paths.items()}


@pytest.fixture
def bench(running: SageMakerSimulator, models: dict[str, Saved]) -> Iterator[Bench]:
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


def test_a_value_outside_its_pattern_is_refused_in_the_words_of_aws(bench: Bench) -> None:
    """The client checks no pattern, the service does."""
    said = refused(bench.model, ModelName="under_score")
    assert said.startswith("1 validation error detected: Value 'under_score' at 'modelName' failed to satisfy")
    assert said.endswith("Member must satisfy regular expression pattern: [a-zA-Z0-9]([\\-a-zA-Z0-9]*[a-zA-Z0-9])?")


def test_every_wrong_value_is_named_by_its_path(bench: Bench) -> None:
    """Choices and ranges deep inside are held as well."""
    wrong = variant(
        bench.model(), InstanceType="ml.huge", ContainerStartupHealthCheckTimeoutInSeconds=5000, InitialInstanceCount=1
    )
    said = refused(bench.client.create_endpoint_config, EndpointConfigName="config", ProductionVariants=[wrong])
    assert said.startswith("2 validation errors detected: ")
    assert "Value 'ml.huge' at 'productionVariants.1.member.instanceType' failed" in said
    assert "Member must have value less than or equal to 3600" in said


def test_a_role_that_does_not_trust_sagemaker_is_refused(bench: Bench) -> None:
    """Neither one that is missing."""
    other = bench.simulator.create_role("other", {"Statement": []})
    assert refused(bench.model, ExecutionRoleArn=other).startswith(f"Could not assume role {other}.")
    assert refused(bench.model, ExecutionRoleArn=f"{other}x").startswith("Could not assume role")


def test_a_model_needs_its_data_and_its_image(bench: Bench) -> None:
    """Both are looked for at once."""
    missing = {"Image": bench.image, "ModelDataUrl": f"s3://{BUCKET}/nothing.tar.gz"}
    said = refused(bench.model, PrimaryContainer=missing)
    assert said == f"Could not find model data at s3://{BUCKET}/nothing.tar.gz."
    unknown = bench.image.replace(":1", ":2")
    assert refused(bench.model, PrimaryContainer={"Image": unknown}) == f"Requested image {unknown} not found."


def test_everything_that_was_asked_for_is_described(bench: Bench) -> None:
    """Nothing is dropped."""
    vpc = {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]}
    name = bench.model(VpcConfig=vpc, EnableNetworkIsolation=True, Tags=[{"Key": "who", "Value": "me"}])
    found = bench.client.describe_model(ModelName=name)
    assert (found["VpcConfig"], found["EnableNetworkIsolation"]) == (vpc, True)
    assert bench.client.list_tags(ResourceArn=found["ModelArn"])["Tags"] == [{"Key": "who", "Value": "me"}]
    more: dict[str, Any] = {
        "KmsKeyId": "key",
        "ExecutionRoleArn": bench.role,
        "ShadowProductionVariants": [variant(name, "shadow", InitialVariantWeight=0.5)],
        "DataCaptureConfig": {
            "EnableCapture": True,
            "InitialSamplingPercentage": 100,
            "DestinationS3Uri": f"s3://{BUCKET}/captured",
            "CaptureOptions": [{"CaptureMode": "Input"}],
        },
    }
    bench.config("config", variant(name), **more)
    described = bench.client.describe_endpoint_config(EndpointConfigName="config")
    assert {key: described[key] for key in more} == more


def test_listings_have_pages(bench: Bench) -> None:
    """A client that reads the first page alone misses the rest."""
    for name in ("a", "b", "c"):
        bench.simulator.create_foreign_endpoint(name)
    assert len(bench.client.list_endpoints()["Endpoints"]) == 2
    pages = bench.client.get_paginator("list_endpoints").paginate(SortBy="Name", SortOrder="Ascending")
    assert [each["EndpointName"] for page in pages for each in page["Endpoints"]] == ["a", "b", "c"]


def test_what_exists_and_what_does_not_is_told_in_the_words_of_aws(bench: Bench) -> None:
    """By its ARN."""
    arn = "arn:aws:sagemaker:us-east-1:123456789012"
    bench.model()
    assert refused(bench.model) == f'Cannot create already existing model "{arn}:model/first".'
    assert refused(bench.describe, name="x") == f'Could not find endpoint "{arn}:endpoint/x".'


def test_requests_fail_as_planned(bench: Bench) -> None:
    """As often as planned, and of any service."""
    bench.simulator.fail_next("list_models", Failure.ACCESS_DENIED)
    bench.simulator.fail_next("put_object", Failure.ACCESS_DENIED)
    assert "is not authorized to perform: sagemaker:ListModels" in refused(bench.client.list_models)
    assert bench.client.list_models()["Models"] == []
    assert "s3:PutObject" in refused(bench.of("s3").put_object, Bucket=BUCKET, Key="a", Body=b"")


def test_only_a_variant_that_exists_can_scale(bench: Bench) -> None:
    """And only what is registered can have a policy."""
    scaling = bench.of("application-autoscaling")
    asked = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": "endpoint/x/variant/all",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    assert "doesn't exist" in refused(scaling.register_scalable_target, **asked, MinCapacity=1, MaxCapacity=2)
    assert "No scalable target" in refused(scaling.put_scaling_policy, **asked, PolicyName="p")


@pytest.mark.slow
def test_an_update_that_fails_goes_back_to_what_served(bench: Bench) -> None:
    """The states take time, the old model answers all along, and in the end no process is left."""
    name = bench.serve()
    assert bench.answers(name) == [2.0, 3.0]
    second = bench.config("second", variant(bench.model("second")))
    bench.simulator.fail_next("update_endpoint", Failure.HEALTH_CHECK)
    bench.client.update_endpoint(EndpointName=name, EndpointConfigName=second)
    assert "Cannot update in-progress endpoint" in refused(bench.client.delete_endpoint, EndpointName=name)
    seen = {bench.describe(name)["EndpointStatus"]: bench.answers(name)}
    while (status := bench.describe(name)["EndpointStatus"]) != "InService":
        seen[status] = bench.answers(name)
    found = bench.describe(name)
    assert seen == {"Updating": [2.0, 3.0], "RollingBack": [2.0, 3.0]}
    assert "did not pass the ping health check" in found["FailureReason"]
    assert (found["EndpointConfigName"], bench.answers(name)) == ("adder-config", [2.0, 3.0])
    bench.client.update_endpoint(EndpointName=name, EndpointConfigName=second)
    bench.wait(name)
    assert (bench.answers(name), bench.simulator.processes()) == ([21.0, 22.0], 1)
    bench.client.delete_endpoint(EndpointName=name)
    bench.wait(name, "endpoint_deleted")
    assert bench.simulator.processes() == 0


@pytest.mark.slow
def test_a_model_that_does_not_load_fails_and_its_log_is_in_cloudwatch(bench: Bench) -> None:
    """The reason is in the log of the real server."""
    container = {"Image": bench.image, "ModelDataUrl": f"s3://{BUCKET}/first/model.tar.gz"}  # it is trusted by nobody
    bench.model()
    bench.model(ModelName="untrusted", PrimaryContainer=container)
    bench.client.create_endpoint(EndpointName="e", EndpointConfigName=bench.config("c", variant("untrusted")))
    with pytest.raises(WaiterError, match="Waiter EndpointInService failed"):
        bench.wait("e")
    assert bench.describe("e")["FailureReason"].startswith("The primary container for production variant all did not")
    events = bench.of("logs").filter_log_events(logGroupName="/aws/sagemaker/Endpoints/e")["events"]
    assert any("trust" in each["message"] for each in events)
    assert bench.simulator.processes() == 0


@pytest.mark.slow
def test_traffic_is_divided_by_the_weights(bench: Bench) -> None:
    """Of ten requests exactly as many as the weights say; and a target goes before."""
    variants = [
        variant(bench.model(), "ten", InitialVariantWeight=7),
        variant(bench.model("second"), "twenty", InitialVariantWeight=3),
    ]
    bench.client.create_endpoint(EndpointName="e", EndpointConfigName=bench.config("c", *variants))
    bench.wait("e")
    assert [bench.answers("e")[0] for _ in range(10)].count(21.0) == 3
    assert bench.answers("e", TargetVariant="twenty") == [21.0, 22.0]
    desired = [{"VariantName": "twenty", "DesiredWeight": 0}]
    bench.client.update_endpoint_weights_and_capacities(EndpointName="e", DesiredWeightsAndCapacities=desired)
    bench.wait("e")
    assert {bench.answers("e")[0] for _ in range(5)} == {2.0}


@pytest.mark.slow
def test_a_refused_body_is_a_model_error(bench: Bench) -> None:
    """With the server's own status and words."""
    name = bench.serve()
    with pytest.raises(ClientError) as caught:
        bench.of("sagemaker-runtime").invoke_endpoint(EndpointName=name, Body=b"{", ContentType="application/json")
    answer: Any = caught.value.response
    assert answer["Error"]["Code"] == "ModelError"
    assert (answer["ResponseMetadata"]["HTTPStatusCode"], answer["OriginalStatusCode"]) == (424, 400)
    assert "error_code" in answer["OriginalMessage"]


@pytest.mark.slow
def test_a_transform_job_scores_objects_in_s3(bench: Bench) -> None:
    """Line by line, as its container asks for."""
    bench.of("s3").put_object(Bucket=BUCKET, Key="in/rows.csv", Body=b"x\n1\n")
    bench.client.create_transform_job(
        TransformJobName="job",
        ModelName=bench.model(),
        TransformInput={
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/in/"}},
            "ContentType": "text/csv",
        },
        TransformOutput={"S3OutputPath": f"s3://{BUCKET}/out", "Accept": "application/json", "AssembleWith": "Line"},
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
    )
    waiter = bench.client.get_waiter("transform_job_completed_or_stopped")
    waiter.wait(TransformJobName="job", WaiterConfig={"Delay": 0.1, "MaxAttempts": 300})
    written = bench.of("s3").get_object(Bucket=BUCKET, Key="out/rows.csv.out")["Body"].read()
    assert json.loads(written) == {"predictions": [2.0]}
    assert bench.simulator.processes() == 0

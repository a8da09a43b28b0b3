"""The stand-in for SageMaker is as strict as SageMaker, and described and listed as it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import WaiterError

sys.path.insert(0, str(Path(__file__).parent))

from sagemaker_simulator import Failure
from simulator_bench import ARN, BUCKET, Bench, empty_bench, refused, running_simulator, saved_models, variant  # noqa: F401 - fixtures


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
    bench.model()
    assert refused(bench.model) == f'Cannot create already existing model "{ARN}:model/first".'
    assert refused(bench.describe, name="x") == f'Could not find endpoint "{ARN}:endpoint/x".'
    said = refused(bench.client.list_tags, ResourceArn=f"{ARN}:endpoint-config/x")
    assert said == f'Could not find endpoint configuration "{ARN}:endpoint-config/x".'


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


def test_an_endpoint_without_its_configuration_cannot_be_updated(bench: Bench) -> None:
    """It can be described and deleted."""
    bench.simulator.create_foreign_endpoint("theirs")
    bench.config("other", variant(bench.model()))
    bench.client.delete_endpoint_config(EndpointConfigName="theirs")
    said = refused(bench.client.update_endpoint, EndpointName="theirs", EndpointConfigName="other")
    assert said == f'Could not find endpoint configuration "{ARN}:endpoint-config/theirs".'
    assert bench.describe("theirs")["EndpointStatus"] == "InService"


def test_an_answer_that_is_lost_leaves_what_was_done(bench: Bench) -> None:
    """The client tries again by itself, and finds its own work."""
    bench.simulator.fail_next("create_model", Failure.LOST_ANSWER)
    assert "already existing" in refused(bench.model)


def test_a_shadow_needs_one_variant_beside_it(bench: Bench) -> None:
    """Exactly one."""
    name = bench.model()
    shadows = [variant(name, "shadow")]
    said = refused(
        bench.client.create_endpoint_config,
        EndpointConfigName="c",
        ProductionVariants=[variant(name, "a"), variant(name, "b")],
        ShadowProductionVariants=shadows,
    )
    assert "exactly one production and one shadow variant" in said


def test_an_account_has_so_many_instances_and_no_more(bench: Bench) -> None:
    """As its quota says, which can be read."""
    bench.simulator.set_quota("ml.m5.large", 2)
    pages = bench.of("service-quotas").get_paginator("list_service_quotas").paginate(ServiceCode="sagemaker")
    values = {each["QuotaName"]: each["Value"] for page in pages for each in page["Quotas"]}
    assert values["ml.m5.large for endpoint usage"] == 2
    config = bench.config("c", variant(bench.model(), InitialInstanceCount=3))
    said = refused(bench.client.create_endpoint, EndpointName="e", EndpointConfigName=config)
    assert said.startswith("The account-level service limit 'ml.m5.large for endpoint usage' is 2 Instances")


@pytest.mark.parametrize(
    ("failure", "reason"),
    [(Failure.INSUFFICIENT_CAPACITY, "InsufficientInstanceCapacity"), (Failure.MODEL_DATA, "Failed to download model")],
)
def test_an_endpoint_fails_for_the_reason_that_was_planned(bench: Bench, failure: Failure, reason: str) -> None:
    """It can then only be deleted."""
    bench.simulator.fail_next("create_endpoint", failure)
    bench.client.create_endpoint(EndpointName="e", EndpointConfigName=bench.config("c", variant(bench.model())))
    with pytest.raises(WaiterError):
        bench.wait("e")
    assert reason in bench.describe("e")["FailureReason"]
    assert "only delete it" in refused(bench.client.update_endpoint, EndpointName="e", EndpointConfigName="c")
    bench.client.delete_endpoint(EndpointName="e")
    bench.wait("e", "endpoint_deleted")


def test_everything_that_stands_has_a_name(bench: Bench) -> None:
    """Half an upload too; what only looked is no change."""
    bench.config("c", variant(bench.model()))
    bench.of("s3").create_multipart_upload(Bucket=BUCKET, Key="half")
    before = bench.simulator.changes
    found = bench.simulator.names()
    bench.client.list_models()
    assert set(found) == {
        "model/first",
        "endpoint-config/c",
        f"s3://{BUCKET}/first/model.tar.gz",
        f"s3-upload://{BUCKET}/half",
    }
    assert bench.simulator.changes == before


def test_a_job_that_is_stopped_ends_before_it_is_done(bench: Bench) -> None:
    """It is stopping first."""
    bench.of("s3").put_object(Bucket=BUCKET, Key="in/rows.csv", Body=b"x\n1\n")
    data = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/in/"}}
    bench.client.create_transform_job(
        TransformJobName="job",
        ModelName=bench.model(),
        TransformInput={"DataSource": data, "ContentType": "text/csv"},
        TransformOutput={"S3OutputPath": f"s3://{BUCKET}/out"},
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
    )
    bench.client.stop_transform_job(TransformJobName="job")
    assert bench.client.describe_transform_job(TransformJobName="job")["TransformJobStatus"] == "Stopping"
    waiter = bench.client.get_waiter("transform_job_completed_or_stopped")
    waiter.wait(TransformJobName="job", WaiterConfig={"Delay": 0.1, "MaxAttempts": 100})
    assert bench.client.describe_transform_job(TransformJobName="job")["TransformJobStatus"] == "Stopped"


def test_tags_are_held_to_their_rules(bench: Bench) -> None:
    """And an ARN is in lower case."""
    said = refused(bench.model, Tags=[{"Key": "a", "Value": "1"}, {"Key": "A", "Value": "2"}])
    assert said.startswith("Duplicate tag keys found.")
    bench.model(ModelName="First")
    assert bench.client.describe_model(ModelName="First")["ModelArn"] == f"{ARN}:model/first"


def test_a_rollout_that_cannot_be_is_refused(bench: Bench) -> None:
    """Before anything is begun."""
    bench.simulator.create_foreign_endpoint("theirs")
    bench.config("c", variant(bench.model()))
    routing = {"Type": "CANARY", "WaitIntervalInSeconds": 60}
    ask = {"EndpointName": "theirs", "EndpointConfigName": "c"}
    policy = {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing}}
    assert "CanarySize is required" in refused(bench.client.update_endpoint, **ask, DeploymentConfig=policy)
    alarms = {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "missing"}]}}
    said = refused(bench.client.update_endpoint, **ask, DeploymentConfig={**policy, **alarms})
    assert said == "Could not find CloudWatch alarms: missing."
    assert bench.describe("theirs")["EndpointStatus"] == "InService"

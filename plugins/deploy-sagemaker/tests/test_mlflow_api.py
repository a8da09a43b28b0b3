"""MLflow 0.9's functions and commands for SageMaker, each behaviour by its number (S123-S141)."""

from __future__ import annotations

import inspect
import json
import shutil
import tarfile
from io import BytesIO
from pathlib import Path
from typing import Any

import boto3
import pytest
from as_with_mlflow import ACCOUNT, REGION, Models, config_of_endpoint, deploy, describe, predictions
from conftest import Place, use
from sagemaker_simulator import Failure, SageMakerSimulator
from typer.testing import CliRunner

import modelpack
from modelpack import deployments
from modelpack.errors import DeployError, InvalidArgumentError, NotFoundError
from modelpack.package.load import open_model
from modelpack.testing.target_models import Adding
from modelpack.testing.warm_programs import WarmPrograms
from modelpack_deploy_sagemaker import mlflow_api
from modelpack_deploy_sagemaker.account import Account
from modelpack_deploy_sagemaker.commands import sagemaker
from modelpack_deploy_sagemaker.containers import image_tag
from modelpack_deploy_sagemaker.mlflow_defaults import default_image, deployment_flavor, provide_default_bucket
from modelpack_deploy_sagemaker.options import SageMakerOptions

slow = pytest.mark.slow


@pytest.mark.parametrize(
    ("function", "defaults"),
    [
        (
            mlflow_api.deploy,
            {
                "execution_role_arn": None,
                "bucket": None,
                "run_id": None,
                "image_url": None,
                "region_name": "us-west-2",
                "mode": "create",
                "archive": False,
                "instance_type": "ml.m4.xlarge",
                "instance_count": 1,
                "vpc_config": None,
                "flavor": None,
                "synchronous": True,
                "timeout_seconds": 1200,
            },
        ),
        (
            mlflow_api.delete,
            {"region_name": "us-west-2", "archive": False, "synchronous": True, "timeout_seconds": 300},
        ),
        (mlflow_api.run_local, {"run_id": None, "port": 5000, "image": "mlflow-pyfunc", "flavor": None}),
        (mlflow_api.build_image, {"name": "mlflow-pyfunc", "mlflow_home": None}),
        (mlflow_api.push_image_to_ecr, {"image": "mlflow-pyfunc"}),
    ],
    ids=["S123", "S134", "S135", "S137", "S138"],
)
def test_s123_arguments_and_their_defaults(function: Any, defaults: dict[str, Any]) -> None:
    """In MLflow's order, so that positional calls work."""
    parameters = inspect.signature(function).parameters
    given = {name: each.default for name, each in parameters.items() if each.default is not each.empty}
    assert list(given.items())[: len(defaults)] == list(defaults.items())


@pytest.mark.parametrize(
    ("command", "options"),
    [
        (
            "deploy",
            "-a --app-name -m --model-path -e --execution-role-arn -b --bucket -r --run-id -i --image-url",
        ),
        (
            "deploy",
            "--region-name --mode -ar --archive -t --instance-type -c --instance-count",
        ),
        ("deploy", "-v --vpc-config -f --flavor --async --timeout"),
        ("delete", "--app-name -a --region-name -r --archive -ar --async --timeout"),
        ("run-local", "--model-path -m --run-id -r --port -p --image -i --flavor -f"),
        ("build-and-push-container", "--build --no-build --push --no-push --container -c --mlflow-home"),
        ("list-flavors", ""),
    ],
)
def test_s124_the_commands_have_mlflows_options(command: str, options: str) -> None:
    """Long and short."""
    import typer.main

    group: Any = typer.main.get_command(sagemaker)
    known = {flag for each in group.commands[command].params for flag in (*each.opts, *each.secondary_opts)}
    assert set(options.split()) <= known


@slow
def test_s124_the_command_deploys(place: Place, models: Models, tmp_path: Path) -> None:
    """With a VPC from a file."""
    vpc = tmp_path / "vpc.json"
    vpc.write_text(json.dumps({"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]}), encoding="utf-8")
    given = ["-a", "churn", "-m", str(models[0].path), "-e", place.role, "-b", place.bucket, "-i", place.image]
    ran = CliRunner().invoke(
        sagemaker, ["deploy", *given, "--region-name", REGION, "-t", "ml.m5.xlarge", "-c", "2", "-v", str(vpc)]
    )
    assert ran.exit_code == 0, ran.output
    (variant,) = config_of_endpoint()["ProductionVariants"]
    assert (variant["InstanceType"], variant["InitialInstanceCount"]) == ("ml.m5.xlarge", 2)
    model = describe("model", variant["ModelName"])
    assert model["VpcConfig"] == {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]}


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"synchronous": False}, "without waiting"),
        ({"mode": "update"}, "the mode is 'update'"),
        ({"model_path": "nowhere"}, "nowhere"),
    ],
)
def test_s125_what_cannot_be_meant_is_an_invalid_parameter(
    place: Place, models: Models, wrong: dict[str, Any], words: str
) -> None:
    """Before anything is sent."""
    with pytest.raises(InvalidArgumentError, match=words) as caught:
        deploy(place, models[0], **wrong)
    assert caught.value.error_code == "INVALID_PARAMETER_VALUE"
    assert not place.simulator.changes


def test_s126_the_flavor_is_chosen(models: Models, tmp_path: Path) -> None:
    """Mleap when it is there, else the generic one; what is named has to be supported and there."""
    generic = open_model(models[0].path)
    assert deployment_flavor(generic, None) == "python_function"
    both = with_flavors(models[0].path, tmp_path / "both", "  mleap:\n    mleap_version: 0.20.0\n")
    assert deployment_flavor(both, None) == "mleap"
    assert deployment_flavor(both, "python_function") == "python_function"
    with pytest.raises(InvalidArgumentError, match="'sklearn' cannot be deployed"):
        deployment_flavor(generic, "sklearn")
    with pytest.raises(NotFoundError, match="the model has no flavor 'mleap'") as caught:
        deployment_flavor(generic, "mleap")
    assert caught.value.error_code == "RESOURCE_DOES_NOT_EXIST"


def with_flavors(model: Path, directory: Path, flavors: str) -> Any:
    """A model with more flavors in its `MLmodel` file."""
    shutil.copytree(model, directory)
    text = (model / "MLmodel").read_text(encoding="utf-8")
    (directory / "MLmodel").write_text(text.replace("flavors:\n", f"flavors:\n{flavors}"), encoding="utf-8")
    return open_model(directory, verify=False)


def test_s126_a_model_without_a_deployable_flavor_is_refused(models: Models, tmp_path: Path) -> None:
    """As a resource that does not exist."""
    path = shutil.copytree(models[0].path, tmp_path / "other")
    text = (models[0].path / "MLmodel").read_text(encoding="utf-8")
    (path / "MLmodel").write_text(text.replace("python_function:", "sklearn:"), encoding="utf-8")
    with pytest.raises(NotFoundError, match="no flavor that can be deployed"):
        deployment_flavor(open_model(path, verify=False), None)


@slow
def test_s127_an_endpoint_that_exists_is_not_created(place: Place, models: Models) -> None:
    """The error tells of the other modes, and nothing is changed."""
    deploy(place, models[0])
    changes = place.simulator.changes
    with pytest.raises(InvalidArgumentError, match="there is an endpoint churn already") as caught:
        deploy(place, models[1])
    assert "'replace'" in str(caught.value)
    assert "'add'" in str(caught.value)
    assert place.simulator.changes == changes


def test_s128_the_image_comes_from_a_variable_or_the_registry(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """The registry is that of the account and the region."""
    account = Account(SageMakerOptions(region="eu-west-1"))
    expected = f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com/mlflow-pyfunc:{image_tag()}"
    assert default_image(account) == expected
    monkeypatch.setenv("MLFLOW_SAGEMAKER_DEPLOY_IMG_URL", place.image)
    assert default_image(account) == place.image


@slow
def test_s128_the_bucket_and_the_role_have_defaults(
    place: Place, models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The role is the one that the caller has assumed, the bucket is made."""
    assumed = boto3.client("sts").assume_role(RoleArn=place.role, RoleSessionName="tests")["Credentials"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", assumed["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", assumed["SecretAccessKey"])
    monkeypatch.setenv("AWS_SESSION_TOKEN", assumed["SessionToken"])
    deploy(place, models[0], bucket=None, execution_role_arn=None)
    model = describe("model", config_of_endpoint()["ProductionVariants"][0]["ModelName"])
    assert model["ExecutionRoleArn"] == place.role
    assert model["PrimaryContainer"]["ModelDataUrl"].startswith(f"s3://mlflow-sagemaker-{REGION}-{ACCOUNT}/")


def test_s128_the_bucket_of_another_region_has_a_location(place: Place) -> None:
    """Which `us-east-1` has not."""
    account = Account(SageMakerOptions(region="eu-west-1"))
    bucket = provide_default_bucket(account)
    assert bucket == f"mlflow-sagemaker-eu-west-1-{ACCOUNT}"
    assert boto3.client("s3").get_bucket_location(Bucket=bucket)["LocationConstraint"] == "eu-west-1"
    assert provide_default_bucket(account) == bucket
    assert place.simulator.changes == 1


@slow
def test_s129_the_archive_holds_the_contents_of_the_directory(place: Place, models: Models) -> None:
    """`MLmodel` is at its top, and the object is tagged."""
    deploy(place, models[0])
    model = describe("model", config_of_endpoint()["ProductionVariants"][0]["ModelName"])
    key = model["PrimaryContainer"]["ModelDataUrl"].removeprefix(f"s3://{place.bucket}/")
    assert key.endswith("/model.tar.gz")
    s3 = boto3.client("s3")
    content = s3.get_object(Bucket=place.bucket, Key=key)["Body"].read()
    with tarfile.open(fileobj=BytesIO(content), mode="r:gz") as archive:
        assert "MLmodel" in archive.getnames()
    tags = s3.get_object_tagging(Bucket=place.bucket, Key=key)["TagSet"]
    assert tags == [{"Key": "SageMaker", "Value": "true"}]


@slow
def test_s130_what_is_created(place: Place, models: Models, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Names, weight, host name, variables and tags."""
    monkeypatch.chdir(tmp_path)
    with modelpack.start_run() as run:
        modelpack.pyfunc.log_model("model", python_model=Adding(1.0))
    deploy(place, models[0], model_path="model", run_id=run.info.run_id)
    config = config_of_endpoint()
    assert config["EndpointConfigName"].startswith("churn-config-")
    (variant,) = config["ProductionVariants"]
    assert variant["ModelName"].startswith("churn-model-")
    assert (variant["VariantName"], variant["InitialVariantWeight"]) == (variant["ModelName"], 1)
    model = describe("model", variant["ModelName"])
    container = model["PrimaryContainer"]
    assert container["ContainerHostname"] == f"mfs-{variant['ModelName']}"
    assert container["Environment"]["deployment_flavor_name"] == "python_function"
    assert tags_of(config["EndpointConfigArn"])["app_name"] == "churn"
    assert tags_of(model["ModelArn"])["run_id"] == run.info.run_id


def tags_of(arn: str) -> dict[str, str]:
    """The tags of something."""
    pages = boto3.client("sagemaker").get_paginator("list_tags").paginate(ResourceArn=arn)
    return {tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]}


@slow
def test_s131_add_keeps_the_others_and_gives_the_new_one_no_traffic(place: Place, models: Models) -> None:
    """Until somebody shifts it."""
    deploy(place, models[0])
    deployment = deploy(place, models[1], mode="add")
    assert [variant.traffic for variant in deployment.variants] == [100.0, 0.0]
    assert [variant.digest for variant in deployment.variants] == [models[0].digest, models[1].digest]
    assert predictions() == [{"x": 2.5}, {"x": 3.0}]
    old, new = (variant.name for variant in deployment.variants)
    deployments.set_traffic("churn", {old: 0.0, new: 100.0}, target="sagemaker")
    assert predictions() == [{"x": 3.5}, {"x": 4.0}]


@slow
@pytest.mark.parametrize("archive", [False, True])
def test_s132_replace_removes_what_it_replaces_unless_it_is_archived(
    place: Place, models: Models, *, archive: bool
) -> None:
    """The endpoint is one variant, of weight 1."""
    deploy(place, models[0])
    before = set(place.simulator.names()) - {"endpoint/churn"}
    deploy(place, models[1], mode="replace", archive=archive)
    (variant,) = config_of_endpoint()["ProductionVariants"]
    assert variant["InitialVariantWeight"] == 1
    assert before & set(place.simulator.names()) == (before if archive else set())
    mlflow_api.delete("churn", REGION)
    assert set(place.simulator.names()) == (before if archive else set())


@slow
def test_s133_going_back_is_a_failure_with_the_services_reason(place: Place, models: Models) -> None:
    """And what served goes on."""
    deploy(place, models[0])
    place.simulator.fail_next("update_endpoint", Failure.INSUFFICIENT_CAPACITY)
    with pytest.raises(DeployError, match="InsufficientInstanceCapacity") as caught:
        deploy(place, models[1], mode="replace")
    assert caught.value.code == "rolled_back"
    assert predictions() == [{"x": 2.5}, {"x": 3.0}]


@slow
def test_s133_a_timeout_says_that_it_may_go_on(
    models: Models, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, warm_programs: WarmPrograms
) -> None:
    """The hint says how to look."""
    (tmp_path / "sagemaker").mkdir()
    with SageMakerSimulator(tmp_path / "sagemaker", warm_programs, delay=60.0) as simulator:
        use(simulator, monkeypatch)
        place = Place(simulator, simulator.create_role(), simulator.create_bucket("models"), simulator.push_image())
        with pytest.raises(DeployError) as caught:
            deploy(place, models[0], timeout_seconds=0.1)
    assert caught.value.code == "timeout"
    assert "may go on" in str(caught.value)


@slow
def test_s134_delete_removes_everything(place: Place, models: Models) -> None:
    """By the command, and a second time there is nothing to do."""
    deploy(place, models[0])
    assert CliRunner().invoke(sagemaker, ["delete", "-a", "churn", "-r", REGION]).exit_code == 0
    assert not place.simulator.names()
    mlflow_api.delete("churn", REGION)


def test_s134_not_waiting_needs_an_archive(place: Place) -> None:
    """Since nobody would be there to clean up."""
    with pytest.raises(InvalidArgumentError, match="without waiting"):
        mlflow_api.delete("churn", REGION, synchronous=False)
    mlflow_api.delete("churn", REGION, archive=True, synchronous=False)
    assert not place.simulator.changes

"""What is decided without asking anybody: names, values, archives, the revision."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
from pathlib import Path
from typing import Any

import pytest

from modelpack.deployments.records import DeployRequest
from modelpack.errors import InvalidArgumentError
from modelpack.plugins.options import validated_options
from modelpack_deploy_sagemaker import contract, names
from modelpack_deploy_sagemaker.archive import write_archive
from modelpack_deploy_sagemaker.options import SageMakerOptions
from modelpack_deploy_sagemaker.target import target
from modelpack_deploy_sagemaker.wish import revision

MODEL = {"ModelName": "churn", "ExecutionRoleArn": "arn:aws:iam::123456789012:role/service-role/sagemaker"}
VARIANT = {"VariantName": "a", "ModelName": "a", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}


def options(**given: Any) -> SageMakerOptions:
    """The options that somebody gives."""
    return SageMakerOptions.model_validate(given)


def a_revision(**given: Any) -> str:
    """The revision of one model with options."""
    return revision(DeployRequest(name="churn", model_path=Path(), digest="sha256:1", options=options(**given)))


def config(**given: Any) -> dict[str, Any]:
    """A request for a configuration with one variant."""
    return {"EndpointConfigName": "a", "ProductionVariants": [{**VARIANT, **given}]}


def test_requests_that_sagemaker_takes_have_no_problems() -> None:
    """Patterns of Java's are read as they are meant, those of tags too."""
    tags = [{"Key": "modelpack:digest", "Value": "sha256:ab/é 1+2"}]
    assert contract.problems("CreateModel", {**MODEL, "Tags": tags}) == []
    assert contract.problems("CreateEndpointConfig", config(ContainerStartupHealthCheckTimeoutInSeconds=60)) == []


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (config(InstanceType="ml.m5.larg"), "InstanceType is 'ml.m5.larg'; did you mean 'ml.m5.large'?"),
        (config(InitialInstanceCount=0), "InitialInstanceCount is 0, and 1 is the least"),
        (config(ContainerStartupHealthCheckTimeoutInSeconds=3601), "3601, and 3600 is the most"),
        (config(VariantName="under_score"), "VariantName is 'under_score', which is not of the form"),
        (config(VariantName="a" * 64), "is 64 characters, and 63 is the most"),
        (config(Surprise=1), "has no Surprise in this version of boto3"),
        (config(ServerlessConfig={"MemorySizeInMB": 512, "MaxConcurrency": 1}), "512, and 1024 is the least"),
        ({"EndpointConfigName": "a"}, "CreateEndpointConfig.ProductionVariants is missing"),
        ({**config(), "ProductionVariants": [VARIANT] * 11}, "is 11 entries, and 10 is the most"),
    ],
)
def test_what_sagemaker_would_refuse_is_named(request_: dict[str, Any], words: str) -> None:
    """With the place, the value and the limit, or the value that may be meant."""
    (problem,) = contract.problems("CreateEndpointConfig", request_)
    assert words in problem


def test_variables_have_limits_too() -> None:
    """Up to 100 of them, each of up to 1,024 characters."""
    container = {"Image": "a", "Environment": {"A": "x" * 1025}}
    (problem,) = contract.problems("CreateModel", {**MODEL, "PrimaryContainer": container})
    assert problem == "CreateModel.PrimaryContainer.Environment.A is 1025 characters, and 1024 is the most"
    many = {"Image": "a", "Environment": {f"A{number}": "" for number in range(101)}}
    (problem,) = contract.problems("CreateModel", {**MODEL, "PrimaryContainer": many})
    assert problem.endswith("is 101 entries, and 100 is the most")


@pytest.mark.parametrize("name", ["a", "Churn-2", "a--b", "a" * 39])
def test_names_that_fit(name: str) -> None:
    """The longest leaves room for the revision."""
    assert names.is_name(name)
    assert len(names.config_name(name, "0" * 16)) <= 63


@pytest.mark.parametrize("name", ["", "-a", "a-", "under_score", "dot.ted", "a" * 40])
def test_names_that_do_not_fit(name: str) -> None:
    """Before anything is asked."""
    assert not names.is_name(name)


def test_a_part_is_known_by_its_name() -> None:
    """A deployment's parts are not those of another whose name begins in the same way."""
    revision = "0123456789abcdef"
    model = names.model_name("a", "")
    assert names.revision_in(names.model_name("a", revision), model) == revision
    assert names.revision_in(names.config_name("a", revision), names.config_name("a", "")) == revision
    assert names.revision_in(names.model_name("a-model-b", revision), model) is None
    assert names.revision_in(names.model_name("ba", revision), model) is None
    assert names.revision_in("a-model-latest", model) is None
    assert names.revision_of_key(names.archive_key("p/q", "a", revision), "p/q", "a") == revision
    assert names.revision_of_key(names.batch_key("p/q", "a", revision), "p/q", "a") is None
    assert names.revision_of_key("p/q/a/notes.txt", "p/q", "a") is None


def test_one_model_gives_one_archive(tmp_path: Path) -> None:
    """Whoever packs it, whenever, in whatever order the system lists the files."""
    digests = set()
    for number, order in enumerate((["b", "a/c"], ["a/c", "b"])):
        directory = tmp_path / str(number)
        for name in order:
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            (directory / name).write_text(name, encoding="utf-8")
            os.utime(directory / name, (number, number))
        packed = io.BytesIO()
        write_archive(directory, packed)
        digests.add(hashlib.sha256(packed.getvalue()).hexdigest())
        with tarfile.open(fileobj=io.BytesIO(packed.getvalue()), mode="r:gz") as archive:
            assert archive.getnames() == ["a", "a/c", "b"]
            assert {member.mtime for member in archive.getmembers()} == {0}
    assert len(digests) == 1


def test_the_revision_follows_what_stands() -> None:
    """How one gets there, where it is, and what a secret says are no part of it."""
    plain = a_revision()
    assert a_revision(bucket="other", region="eu-west-1", archive=True, mode="create", rollout={}) == plain
    assert a_revision(instance_count=2) != plain
    assert a_revision(mode="add") != plain
    assert a_revision(env={"A": "1"}) == a_revision(env={"A": "2"}) != plain


@pytest.mark.parametrize(
    "given",
    [
        {"serverless": {}, "autoscaling": {"max": 2, "target_invocations": 10}},
        {"serverless": {}, "asynchronous": {}},
        {"shadow": 50, "mode": "add"},
        {"autoscaling": {"min": 3, "max": 2, "target_invocations": 10}},
        {"mode": "update"},
        {"shadow": 0},
    ],
)
def test_what_does_not_go_together_is_refused(given: dict[str, Any]) -> None:
    """When the options are read."""
    with pytest.raises(InvalidArgumentError):
        validated_options(target, given)


def test_a_misspelt_option_is_refused_with_the_nearest() -> None:
    """MLflow ignores it."""
    with pytest.raises(InvalidArgumentError, match="did you mean 'instance_type'"):
        validated_options(target, {"instance_typ": "ml.m5.large"})


def test_the_vpc_may_be_said_in_sagemakers_words() -> None:
    """As in the files that MLflow takes (S124)."""
    theirs = options(vpc={"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]})
    assert theirs.vpc == options(vpc={"security_groups": ["sg-1"], "subnets": ["subnet-1"]}).vpc

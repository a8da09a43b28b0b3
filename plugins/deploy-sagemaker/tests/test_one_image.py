"""An image from a registry behind the target `sagemaker`: SageMaker's stand-in lets an engine run it from ECR."""

from __future__ import annotations

import boto3
import pytest
from conftest import Place
from handed_image import HandedImage, run_command

import modelpack
from modelpack.testing.dialect_checks import assert_answers_as_the_scoring_server
from modelpack_deploy_sagemaker.mlflow_api import push_image_to_ecr

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.filterwarnings("ignore:the model in .* was saved with"),  # by another environment, as everywhere
]


def test_the_image_answers_as_the_scoring_server(place: Place, handed_image: HandedImage) -> None:
    """It is the same in ECR, runs as it is, with the model from S3, and answers every dialect, byte for byte."""
    place.simulator.host_images(run_command)
    handed_image.engine.docker("pull", handed_image.name)
    image = push_image_to_ecr(handed_image.name)
    (kept,) = boto3.client("ecr").describe_images(repositoryName="team/one")["imageDetails"]
    assert handed_image.digests() == {kept["imageDigest"]}
    options = place.options(image=image)
    deployed = modelpack.deploy(handed_image.model, target="sagemaker", name="one", options=options)
    assert deployed.state == "ready"
    assert handed_image.running() == {handed_image.id}
    assert_answers_as_the_scoring_server(handed_image.model, "one", target="sagemaker", options=options)
    modelpack.deployments.delete("one", target="sagemaker", options=options)
    assert handed_image.running() == set()

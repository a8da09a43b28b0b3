"""An image from a registry behind the target `azureml`: Azure's stand-in lets an engine run it."""

from __future__ import annotations

import pytest
from azure_simulator import AzureSimulator
from conftest import place
from handed_image import HandedImage, run_command
from local_run import local_run

import modelpack
from modelpack.testing.dialect_checks import assert_answers_as_the_scoring_server

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.filterwarnings("ignore:the model in .* was saved with"),  # by another environment, as everywhere
]


def test_the_image_answers_as_the_scoring_server(azure: AzureSimulator, handed_image: HandedImage) -> None:
    """It runs as it is, with the registered model mounted, and answers every dialect, byte for byte."""
    azure.run_images(run_command)
    options = place(azure, image=handed_image.name)
    deployed = modelpack.deploy(handed_image.model, target="azureml", name="one", options=options)
    assert deployed.state == "ready"
    assert handed_image.running() == {handed_image.id}
    assert_answers_as_the_scoring_server(handed_image.model, "one", target="azureml", options=options)
    modelpack.deployments.delete("one", target="azureml", options=options)
    assert handed_image.running() == set()


def test_the_image_is_run_here_as_azure_starts_it(handed_image: HandedImage) -> None:
    """With the model mounted below `AZUREML_MODEL_DIR`; told to stop, the command leaves no container behind."""
    options = ["--target", "azureml", "-o", f"image={handed_image.name}"]
    with local_run("run-local", *options, "-m", str(handed_image.model)) as run:
        assert run.predictions() == [2.5, 3.0]
        assert handed_image.running() == {handed_image.id}
        assert run.stopped() == 0
    assert handed_image.engine.docker("ps", "-aq").stdout == ""

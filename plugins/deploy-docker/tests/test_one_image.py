"""An image from a registry behind the target `docker`."""

from __future__ import annotations

import pytest
from conftest import NAME
from handed_image import HandedImage

import modelpack
from modelpack import deployments
from modelpack.testing.dialect_checks import assert_answers_as_the_scoring_server

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def test_the_image_answers_as_the_scoring_server(handed_image: HandedImage) -> None:
    """It is pulled, nothing is laid over it, and it answers every dialect, byte for byte."""
    options = {"docker_host": handed_image.host, "image": handed_image.name}
    deployed = modelpack.deploy(handed_image.model, target="docker", name=NAME, options=options)
    try:
        assert deployed.state == "ready"
        assert handed_image.running() == {handed_image.id}
        assert_answers_as_the_scoring_server(handed_image.model, NAME, target="docker", options=options)
    finally:
        deployments.delete(NAME, target="docker", options=options)
    assert handed_image.running() == set()

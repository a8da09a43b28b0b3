"""One image, deployed by each target that has an engine here, and what else their tests need an engine for."""

from __future__ import annotations

import os
import sys

import pytest
from handed_image import HandedImage
from image_building import Builder

from modelpack.testing.target_models import save_model

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


@pytest.fixture(scope="module")
def image(
    builder: Builder, image_registry: str, session_home: object, tmp_path_factory: pytest.TempPathFactory
) -> HandedImage:
    """An image with its model in it, in a registry and no more on the engine."""
    del session_home
    model = tmp_path_factory.mktemp("one") / "model"
    save_model(model, "first", {})
    name = f"{image_registry}/team/one:1"
    built = builder.build(model, name)
    builder.engine.docker("push", name)
    builder.engine.docker("rmi", name)
    return HandedImage(name, built.image_id, model, builder.engine.host)


@pytest.mark.parametrize("platform", ["docker", "sagemaker", "azureml"])
def test_one_image_answers_wherever_it_is_deployed(image: HandedImage, platform: str) -> None:
    """From the registry, it runs as it is behind every target, and answers what the server answers."""
    image.pass_tests(interpreter(platform), f"plugins/deploy-{platform}/tests/test_one_image.py")


def test_image_for_sagemaker_is_built_pushed_and_run_by_the_engine(image: HandedImage) -> None:
    """As MLflow's commands do it, with the engine and a login to ECR."""
    image.pass_tests(interpreter("sagemaker"), "plugins/deploy-sagemaker/tests/test_engine.py")


def interpreter(platform: str) -> str:
    """The Python that has a platform's target and its stand-in: this one, but where the session made another."""
    if platform == "docker":
        return sys.executable
    variable = f"MODELPACK_TEST_{platform.upper()}_PYTHON"
    if variable not in os.environ:
        pytest.skip(f"the session `images` makes an environment for this, which {variable} names")
    return os.environ[variable]

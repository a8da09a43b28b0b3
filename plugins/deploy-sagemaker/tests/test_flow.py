"""MLflow's three lines, from a model to an endpoint: build and push, run here, deploy."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from shutil import which

import pytest
from as_with_mlflow import REGION, describe, predictions
from conftest import Place
from test_mlflow_containers import answer_of, free_port, run_local_without_engine
from typer.testing import CliRunner

from modelpack import ModelInfo
from modelpack_deploy_sagemaker.commands import sagemaker
from modelpack_deploy_sagemaker.containers import image_tag

KIT = Path(__file__).parents[3] / "core" / "tests" / "images" / "oci" / "kit"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not KIT.is_dir(), reason="the small images of core's tests are not at hand"),
    pytest.mark.skipif(which("uv") is None and find_spec("pip") is None, reason="neither uv nor pip is there"),
]


def run(*arguments: str) -> str:
    """Run a command, and answer what it says."""
    ran = CliRunner().invoke(sagemaker, list(arguments))
    assert ran.exit_code == 0, f"{ran.output}{ran.exception}"
    return ran.output


def test_s136_three_lines_lead_to_an_endpoint(
    place: Place, models: tuple[ModelInfo, ModelInfo], tmp_path: Path
) -> None:
    """What was pushed, with the login that ECR gives, is what the endpoint runs, and it answers as the model."""
    place.simulator.host_images()
    model = str(models[0].path)
    told = run("build-and-push-container", "--daemonless", "-m", model, "--base", f"oci:{small_base(tmp_path)}")
    assert f"/mlflow-pyfunc:{image_tag()}" in told

    port = free_port()
    with run_local_without_engine(models[0], port):
        assert answer_of(port) == [{"x": 2.5}, {"x": 3.0}]

    run("deploy", "-a", "churn", "-m", model, "-e", place.role, "--region-name", REGION)
    (model_name,) = (name.partition("/")[2] for name in place.simulator.names() if name.startswith("model/"))
    assert describe("model", model_name)["PrimaryContainer"]["Image"] in told
    assert predictions() == [{"x": 2.5}, {"x": 3.0}]


def small_base(directory: Path) -> Path:
    """An image with the interpreter that the model asks for, and no more."""
    sys.path.insert(0, str(KIT))
    from small_images import small_layout

    layout: Path = small_layout(directory / "base")
    return layout

"""MLflow 0.9's Azure ML functions (S142-S150), each row a test with its number."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import requests
import yaml
from azure_simulator import AzureSimulator
from conftest import save_plus
from typer.testing import CliRunner

import modelpack
from modelpack.cli.main import app
from modelpack.errors import DeployError, InvalidArgumentError
from modelpack.images.checkouts import local_sources
from modelpack_deploy_azureml import build_image
from modelpack_deploy_azureml.options import AzureMLOptions

if TYPE_CHECKING:
    from modelpack import ModelInfo

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

SPLIT = b'{"columns": ["x"], "data": [[1.5], [2.0]]}'


@pytest.fixture
def model(tmp_path: Path) -> ModelInfo:
    """A model that adds 1."""
    return save_plus(tmp_path / "plus", 1.0)


def workspace(azure: AzureSimulator) -> SimpleNamespace:
    """What the old SDK's `Workspace` tells of itself."""
    where = azure.place()
    return SimpleNamespace(
        name=where["workspace_name"],
        resource_group=where["resource_group_name"],
        subscription_id=where["subscription_id"],
    )


def edited(model: ModelInfo, change: Any) -> Path:
    """The model with another `MLmodel`, as another program may have written it."""
    path = model.path
    content = yaml.safe_load((path / "MLmodel").read_text(encoding="utf-8"))
    change(content)
    (path / "MLmodel").write_text(yaml.safe_dump(content), encoding="utf-8")
    (path / "MANIFEST.sha256").unlink()
    return path


def test_s142_an_image_and_a_model_are_registered(model: ModelInfo, azure: AzureSimulator) -> None:
    """And answered in that order: today an environment, built from our build context, is the image."""
    image, registered = build_image(model.path, workspace(azure), image_name="wine-image", model_name="wine")
    assert (image.name, registered.name) == ("wine-image", "wine")
    properties = azure.document(f"environments/wine-image/versions/{image.version}")["properties"]
    assert properties["build"]["dockerfilePath"] == "Dockerfile"
    assert properties["inferenceConfig"]["scoringRoute"] == {"path": "/invocations", "port": 8080}
    assert (
        azure.document(f"models/wine/versions/{registered.version}")["properties"]["modelUri"]
        .rstrip("/")
        .endswith("/model")
    )


def test_s143_the_sdk_is_imported_on_call_only() -> None:
    """Importing the function, and asking for help, does without it."""
    program = (
        "import sys, modelpack_deploy_azureml, modelpack_deploy_azureml.commands; print('azure.ai' in sys.modules)"
    )
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert finished.stdout == "False\n"


def test_s143_a_model_of_python_2_is_refused(model: ModelInfo, azure: AzureSimulator) -> None:
    """Before anything is registered."""

    def older(content: dict[str, Any]) -> None:
        content["flavors"]["python_function"]["python_version"] = "2.7.15"

    with pytest.raises(InvalidArgumentError, match=r"is of Python 2\.7\.15; Azure ML needs Python 3") as caught:
        build_image(edited(model, older), workspace(azure))
    assert caught.value.error_code == "INVALID_PARAMETER_VALUE"
    assert azure.names() == set()


def test_s144_a_model_without_a_generic_view_is_refused(model: ModelInfo, azure: AzureSimulator) -> None:
    """It says which flavors there are."""

    def other(content: dict[str, Any]) -> None:
        content["flavors"] = {"mleap": {"model_data": "x"}}

    with pytest.raises(InvalidArgumentError, match="has no flavor python_function") as caught:
        build_image(edited(model, other), workspace(azure))
    assert caught.value.error_code == "INVALID_PARAMETER_VALUE"
    assert "mleap" in (caught.value.hint or "")
    assert azure.names() == set()


def test_s145_tags_say_where_the_model_is_from(
    model: ModelInfo, azure: AzureSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The caller's, the absolute path, the version of Python; on both."""
    monkeypatch.chdir(model.path.parent)
    image, registered = build_image(model.path.name, workspace(azure), tags={"team": "wine"})
    assert image.tags == registered.tags
    assert image.tags["team"] == "wine"
    assert image.tags["model_path"] == str(model.path)
    assert image.tags["python_version"].startswith("3.")
    assert "run_id" not in image.tags


def test_s145_with_a_run_the_path_stands_as_it_was_given(azure: AzureSimulator) -> None:
    """Beside the run's id."""
    from plus_model import Plus

    with modelpack.start_run() as run:
        modelpack.pyfunc.log_model(
            "plus", python_model=Plus(1.0), code_paths=[Path(__file__).with_name("plus_model.py")]
        )
    run_id = run.run_id
    image, _ = build_image("plus", workspace(azure), run_id=run_id)
    assert (image.tags["model_path"], image.tags["run_id"]) == ("plus", run_id)


def test_s146_names_are_generated(model: ModelInfo, azure: AzureSimulator) -> None:
    """DNS-safe, at most 32 characters, never the same twice."""
    names = set()
    for _ in range(2):
        names |= {each.name for each in build_image(model.path, workspace(azure))}
    assert len(names) == 4
    assert all(re.fullmatch(r"mlflow-[a-z0-9]+", name) and len(name) <= 32 for name in names)


@pytest.mark.parametrize("name", ["Wine", "wine_1", "w" * 33, "-wine", ""])
def test_s146_names_that_cannot_be_are_refused(model: ModelInfo, azure: AzureSimulator, name: str) -> None:
    """Before anything is registered."""
    with pytest.raises(InvalidArgumentError, match="cannot be the name of an image or a model"):
        build_image(model.path, workspace(azure), image_name=name)
    assert azure.names() == set()


def test_s147_the_image_has_the_model_and_what_it_needs(model: ModelInfo, azure: AzureSimulator) -> None:
    """The build context has the Dockerfile, the model and its requirements; the working directory is left alone."""
    here = sorted(Path.cwd().iterdir())
    build_image(model.path, workspace(azure), image_name="wine-image", mlflow_home="/somewhere")
    blobs = [name for name in azure.names() if name.startswith("blobs/")]
    (dockerfile,) = [name for name in blobs if name.endswith("/Dockerfile")]
    context = dockerfile.removesuffix("Dockerfile")
    assert {f"{context}model/MLmodel", f"{context}requirements.txt"} <= set(blobs)
    requirements = azure.blob(f"{context}requirements.txt".removeprefix("blobs/")).decode()
    assert "cloudpickle==" in requirements
    assert local_sources(["modelpack-core"]) == {} or any("modelpack_core" in name for name in blobs)
    assert sorted(Path.cwd().iterdir()) == here


def test_s148_synchronous_waits_with_output(
    model: ModelInfo, azure: AzureSimulator, capsys: pytest.CaptureFixture[str]
) -> None:
    """And asynchronous leaves the waiting to the caller."""
    build_image(model.path, workspace(azure), image_name="waited-for")
    assert "the environment waited-for:1 is registered" in capsys.readouterr().out
    image, _ = build_image(model.path, workspace(azure), image_name="not-waited-for", synchronous=False)
    assert capsys.readouterr().out == ""
    image.wait_for_creation(show_output=True)
    assert "is registered" in capsys.readouterr().out


def test_s149_the_command_registers_both(
    model: ModelInfo, azure: AzureSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With MLflow's options; the workspace is found by its name in the subscription."""
    where = azure.place()
    monkeypatch.delenv("AZUREML_ARM_RESOURCEGROUP", raising=False)
    arguments = ["-m", str(model.path), "-w", where["workspace_name"], "-s", where["subscription_id"]]
    named = ["-i", "wine-image", "-n", "wine", "--mlflow-home", "/x", "-d", "about wine", "-t", '{"team": "wine"}']
    finished = CliRunner().invoke(app, ["azureml", "build-image", *arguments, *named])
    assert finished.exit_code == 0, finished.output
    assert "registered the model wine:1" in finished.output
    properties = azure.document("environments/wine-image/versions/1")["properties"]
    assert (properties["description"], properties["tags"]["team"]) == ("about wine", "wine")


@pytest.mark.parametrize("tags", ["{", "[1]"])
def test_s149_tags_that_are_no_object_are_refused(model: ModelInfo, azure: AzureSimulator, tags: str) -> None:
    """With an example."""
    where = azure.place()
    arguments = ["-m", str(model.path), "-w", where["workspace_name"], "-s", where["subscription_id"], "-t", tags]
    finished = CliRunner().invoke(app, ["azureml", "build-image", *arguments])
    assert isinstance(finished.exception, InvalidArgumentError) or finished.exit_code != 0
    assert azure.names() == set()


def test_s150_the_image_answers_the_split_orientation(model: ModelInfo, azure: AzureSimulator) -> None:
    """And everything else that the scoring server reads."""
    image, registered = build_image(model.path, workspace(azure))
    path = f"/subscriptions/{azure.place()['subscription_id']}/resourceGroups/{azure.place()['resource_group_name']}"
    assert image.id.lower().startswith(path.lower())
    address = deployed(azure, image.id, registered.id)
    answer = requests.post(**address, data=SPLIT, timeout=30)
    assert answer.json()["predictions"] == [{"x": 2.5}, {"x": 3.0}]


def deployed(azure: AzureSimulator, environment: str, model: str) -> dict[str, Any]:
    """The address and headers of an endpoint that `azure.ai.ml` has made of an image and a model."""
    from azure.ai.ml import MLClient
    from azure.ai.ml.entities import ManagedOnlineDeployment, ManagedOnlineEndpoint

    client = MLClient(**azure.client_arguments())
    client.online_endpoints.begin_create_or_update(ManagedOnlineEndpoint(name="wine")).result(30)
    deployment = ManagedOnlineDeployment(
        name="blue", endpoint_name="wine", environment=environment, model=model, instance_type="Standard_DS3_v2"
    )
    client.online_deployments.begin_create_or_update(deployment).result(120)
    endpoint = client.online_endpoints.get("wine")
    endpoint.traffic = {"blue": 100}
    client.online_endpoints.begin_create_or_update(endpoint).result(30)
    key = client.online_endpoints.get_keys("wine").primary_key
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    return {"url": str(client.online_endpoints.get("wine").scoring_uri), "headers": headers}


def test_a_client_and_a_name_are_workspaces_too(
    model: ModelInfo, azure: AzureSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of today's SDK, options of the target, and a name where the environment says the rest."""
    from azure.ai.ml import MLClient

    where = azure.place()
    monkeypatch.setenv("AZUREML_ARM_SUBSCRIPTION", where["subscription_id"])
    monkeypatch.setenv("AZUREML_ARM_RESOURCEGROUP", where["resource_group_name"])
    options = AzureMLOptions(workspace=where["workspace_name"])
    for each in (MLClient(**azure.client_arguments()), options, where["workspace_name"]):
        image, _ = build_image(model.path, each, image_name="wine-image")
        assert image.name == "wine-image"
    with pytest.raises(InvalidArgumentError, match="the workspace is a int"):
        build_image(model.path, 3)


def test_what_azure_removed_is_refused() -> None:
    """With what there is in its place."""
    finished = CliRunner().invoke(app, ["azureml", "service", "create", "aci", "-n", "wine"])
    assert isinstance(finished.exception, DeployError)
    assert "modelpack deploy --target azureml" in (finished.exception.hint or "")

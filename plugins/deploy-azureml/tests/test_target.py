"""Deploying to a stand-in for Azure ML that runs the real scoring server."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from azure_simulator import AzureSimulator
from conftest import place
from typer.testing import CliRunner

import modelpack
from modelpack import deployments
from modelpack.cli.main import app
from modelpack.errors import DeployError
from modelpack.plugins.manager import PluginManager
from modelpack.testing.dialect_checks import assert_answers_as_the_scoring_server
from modelpack_deploy_azureml.container_logs import new_lines
from modelpack_deploy_azureml.target import target

if TYPE_CHECKING:
    from modelpack import ModelInfo

Models = tuple["ModelInfo", "ModelInfo"]
BODY = b'{"dataframe_split": {"columns": ["x"], "data": [[1.5], [2.0]]}}'


def where(azure: AzureSimulator, **options: Any) -> dict[str, Any]:
    """The arguments that every verb takes."""
    return {"target": "azureml", "options": place(azure, **options)}


def predictions(azure: AzureSimulator, **options: Any) -> Any:
    """What the deployment predicts."""
    answer = deployments.invoke("plus", BODY, content_type="application/json", **where(azure, **options))
    return json.loads(answer.body)["predictions"]


def standing(azure: AzureSimulator) -> set[str]:
    """What stands and is not archived; uploads are shared by those that need them."""
    names = {name for name in azure.names() if not name.startswith(("blobs/", "codes/"))}
    return {name for name in names if name.startswith("containers/") or not _is_archived(azure, name)}


def _is_archived(azure: AzureSimulator, name: str) -> bool:
    return bool(azure.document(name)["properties"].get("isArchived"))


def test_the_installed_plugin_is_this_one() -> None:
    """The target is found by its name, and it is valid."""
    assert PluginManager().target("azureml") is target


@pytest.mark.slow
def test_a_model_is_deployed_updated_and_deleted(models: Models, azure: AzureSimulator) -> None:
    """Each revision answers, the same again changes nothing, and in the end nothing is left."""
    first, second = models
    told: list[str] = []
    deployed = modelpack.deploy(first.path, name="plus", progress=told.append, **where(azure))
    assert (deployed.state, deployed.digest) == ("ready", first.digest)
    assert told[0] == "created the endpoint plus"
    assert predictions(azure) == [{"x": 2.5}, {"x": 3.0}]
    assert not deployments.plan(first.path, name="plus", **where(azure)).steps
    count = len(standing(azure))
    updated = modelpack.deploy(second.path, name="plus", **where(azure))
    assert predictions(azure) == [{"x": 3.5}, {"x": 4.0}]
    assert [(each.traffic, each.digest) for each in updated.variants] == [(100.0, second.digest)]
    assert len(standing(azure)) == count
    deployments.delete("plus", **where(azure))
    deployments.delete("plus", **where(azure))
    assert standing(azure) == set()


@pytest.mark.slow
def test_every_dialect_is_answered_as_by_the_scoring_server(models: Models, azure: AzureSimulator) -> None:
    """Byte for byte, as at every other target."""
    modelpack.deploy(models[0].path, name="plus", **where(azure))
    assert_answers_as_the_scoring_server(models[0].path, "plus", **where(azure))


@pytest.mark.slow
def test_a_model_that_was_archived_is_deployed_again(models: Models, azure: AzureSimulator) -> None:
    """Nothing is uploaded twice."""
    modelpack.deploy(models[0].path, name="plus", **where(azure))
    deployments.delete("plus", **where(azure))
    blobs = {name for name in azure.names() if name.startswith("blobs/")}
    azure.requests.clear()
    modelpack.deploy(models[0].path, name="plus", **where(azure))
    assert predictions(azure) == [{"x": 2.5}, {"x": 3.0}]
    assert {name for name in azure.names() if name.startswith("blobs/")} == blobs
    assert not [path for method, path in azure.requests if method == "PUT" and "blob.core" in path]


@pytest.mark.slow
def test_a_failure_is_told_in_azures_words(models: Models, azure: AzureSimulator) -> None:
    """The code of the operation, and the end of the container's log; nothing is left behind."""
    azure.fail_deployments("OutOfQuota", log=["the last words"])
    with pytest.raises(
        DeployError, match=r"OutOfQuota: .*request an increase.*its log ends with: the last words"
    ) as caught:
        modelpack.deploy(models[0].path, name="plus", **where(azure))
    assert (caught.value.code, caught.value.left_behind) == ("failed", ())
    assert standing(azure) == set()


@pytest.mark.slow
def test_an_update_that_fails_is_undone(models: Models, azure: AzureSimulator) -> None:
    """The old model serves all the time, and the endpoint says again that it is the one that is wanted."""
    modelpack.deploy(models[0].path, name="plus", **where(azure))
    before = standing(azure)
    with pytest.raises(DeployError, match="Unable to download user container image: lost:1") as caught:
        modelpack.deploy(models[1].path, name="plus", **where(azure, image="lost:1"))
    assert caught.value.code == "rolled_back"
    assert standing(azure) == before
    assert predictions(azure) == [{"x": 2.5}, {"x": 3.0}]
    assert not deployments.plan(models[0].path, name="plus", **where(azure)).steps


@pytest.mark.slow
def test_a_secret_that_changes_is_deployed(models: Models, azure: AzureSimulator) -> None:
    """A revision holds no secret, so another deployment of the same revision takes the place of the first."""
    modelpack.deploy(models[0].path, name="plus", **where(azure, env={"TOKEN": "old"}))
    again = where(azure, env={"TOKEN": "new"})
    assert deployments.plan(models[0].path, name="plus", **again).steps
    deployed = modelpack.deploy(models[0].path, name="plus", **again)
    (variant,) = deployed.variants
    document = azure.document(f"onlineEndpoints/plus/deployments/{variant.name}")
    assert document["properties"]["environmentVariables"]["TOKEN"] == "new"  # noqa: S105 - it is made up
    assert variant.name.endswith("-2")
    assert not deployments.plan(models[0].path, name="plus", **again).steps


@pytest.mark.slow
def test_a_secret_that_breaks_the_model_is_taken_back(models: Models, azure: AzureSimulator) -> None:
    """The deployment with the former secret serves on."""
    modelpack.deploy(models[0].path, name="plus", **where(azure, env={"TOKEN": "old"}))
    azure.fail_deployments("ResourceNotReady")
    with pytest.raises(DeployError, match="ResourceNotReady") as caught:
        modelpack.deploy(models[0].path, name="plus", **where(azure, env={"TOKEN": "new"}))
    assert caught.value.code == "rolled_back"
    assert not deployments.plan(models[0].path, name="plus", **where(azure, env={"TOKEN": "old"})).steps


@pytest.mark.slow
def test_traffic_is_moved_by_and_by(models: Models, azure: AzureSimulator) -> None:
    """First copies, then a tenth, then all of it; each by deploying the same again with another option."""
    first, second = models
    modelpack.deploy(first.path, name="plus", **where(azure))
    modelpack.deploy(second.path, name="plus", **where(azure, traffic=0, mirror=50))
    found = deployments.get("plus", **where(azure))
    assert sorted((each.traffic, each.digest) for each in found.variants) == sorted(
        [(100.0, first.digest), (0.0, second.digest)]
    )
    assert {predictions(azure)[0]["x"] for _ in range(4)} == {2.5}
    assert sum(azure.mirrored.values()) == 2
    modelpack.deploy(second.path, name="plus", **where(azure, traffic=25))
    assert sorted(predictions(azure)[0]["x"] for _ in range(8)) == [2.5] * 6 + [3.5] * 2
    done = modelpack.deploy(second.path, name="plus", **where(azure))
    assert [(each.traffic, each.digest) for each in done.variants] == [(100.0, second.digest)]


@pytest.mark.slow
def test_shares_that_cannot_be_are_refused(models: Models, azure: AzureSimulator) -> None:
    """A variant that is not there, and half a percent."""
    (variant,) = modelpack.deploy(models[0].path, name="plus", **where(azure)).variants
    with pytest.raises(DeployError, match=f"there is no variant 'blue'; there are {variant.name}"):
        deployments.set_traffic("plus", {"blue": 100}, **where(azure))
    with pytest.raises(DeployError, match="whole percents"):
        deployments.set_traffic("plus", {variant.name: 99.5, "blue": 0.5}, **where(azure))


@pytest.mark.slow
@pytest.mark.parametrize("authentication", ["token", "identity"])
def test_requests_are_authorised_as_the_endpoint_asks(
    models: Models, azure: AzureSimulator, authentication: str
) -> None:
    """With Azure ML's token, or the caller's own identity."""
    modelpack.deploy(models[0].path, name="plus", **where(azure, authentication=authentication))
    assert predictions(azure, authentication=authentication) == [{"x": 2.5}, {"x": 3.0}]


@pytest.mark.slow
def test_an_endpoint_stays_of_its_kind(models: Models, azure: AzureSimulator) -> None:
    """What Azure cannot change is refused before anything is tried."""
    modelpack.deploy(models[0].path, name="plus", **where(azure))
    with pytest.raises(DeployError, match="authentication by Key, which Azure does not change") as caught:
        modelpack.deploy(models[1].path, name="plus", **where(azure, authentication="token"))
    assert caught.value.code == "rejected"
    with pytest.raises(DeployError, match="kind=managed, which Azure does not change"):
        modelpack.deploy(models[1].path, name="plus", **where(azure, kind="kubernetes", compute="kubernetes"))


@pytest.mark.slow
def test_a_cluster_takes_deployments_too(models: Models, azure: AzureSimulator) -> None:
    """With what it is to give each instance, and how it scales."""
    scaling = {"min_instances": 1, "max_instances": 3}
    options = {"kind": "kubernetes", "compute": "kubernetes", "autoscaling": scaling, "resources": {"memory": "2Gi"}}
    (variant,) = modelpack.deploy(models[0].path, name="plus", **where(azure, **options)).variants
    assert predictions(azure, **options) == [{"x": 2.5}, {"x": 3.0}]
    properties = azure.document(f"onlineEndpoints/plus/deployments/{variant.name}")["properties"]
    assert properties["scaleSettings"]["maxInstances"] == 3
    assert properties["containerResourceRequirements"]["containerResourceLimits"]["memory"] == "2Gi"
    assert not deployments.plan(models[0].path, name="plus", **where(azure, **options)).steps


@pytest.mark.slow
def test_the_command_line_deploys(models: Models, azure: AzureSimulator) -> None:
    """Its output is what modelpack has to say, and nothing of Azure's library."""
    words = [f"--option={name}={value}" for name, value in place(azure).items()]
    arguments = ["--target", "azureml", "--name", "plus", "--json", *words]
    finished = CliRunner().invoke(app, ["deploy", "-m", str(models[0].path), *arguments])
    assert finished.exit_code == 0, finished.output
    assert json.loads(finished.stdout)["digest"] == models[0].digest


@pytest.mark.slow
def test_a_log_is_followed(models: Models, azure: AzureSimulator) -> None:
    """The lines that stand, and those that come."""
    modelpack.deploy(models[0].path, name="plus", **where(azure))
    lines = deployments.logs("plus", lines=1, follow=True, **where(azure))
    (before,) = islice(lines, 1)
    predictions(azure)
    after = next(lines)
    assert "listening" in before
    assert "/invocations" in after


def test_a_plan_changes_nothing(models: Models, azure: AzureSimulator) -> None:
    """Azure is only read, and the permissions are those of its roles."""
    planned = deployments.plan(models[0].path, name="plus", **where(azure))
    assert [(step.action, step.resource.partition("/")[0]) for step in planned.steps] == [
        ("create", "endpoint"),
        ("register", "model"),
        ("register", "environment"),
        ("create", "deployment"),
    ]
    assert "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/write" in planned.permissions
    assert azure.changes == 0


def test_a_missing_permission_is_told(models: Models, azure: AzureSimulator) -> None:
    """In Azure's words, and nothing is left behind."""
    azure.forbid("onlineEndpoints/write")
    with pytest.raises(DeployError, match="does not have authorization to perform action") as caught:
        modelpack.deploy(models[0].path, name="plus", **where(azure))
    assert caught.value.code == "permission_denied"
    assert standing(azure) == set()


def test_a_permission_that_is_missing_later_is_told(models: Models, azure: AzureSimulator) -> None:
    """What was made until then is removed again."""
    azure.forbid("environments/versions/write")
    with pytest.raises(DeployError, match="does not have authorization to perform action") as caught:
        modelpack.deploy(models[0].path, name="plus", **where(azure))
    assert caught.value.code == "permission_denied"
    assert standing(azure) == set()


def test_what_cannot_be_removed_again_is_named(models: Models, azure: AzureSimulator) -> None:
    """The error is the first one, and the same command again goes on where it was."""
    azure.forbid("environments/versions/write")
    azure.forbid("onlineEndpoints/delete")
    with pytest.raises(DeployError, match=r"perform action .*environments/versions/write") as caught:
        modelpack.deploy(models[0].path, name="plus", **where(azure))
    (left,) = caught.value.left_behind
    assert left.endswith("behind the endpoint plus")
    assert deployments.get("plus", **where(azure)).state == "pending"
    azure.heal()
    deployments.delete("plus", **where(azure))
    assert standing(azure) == set()


def test_a_workspace_that_is_not_there_is_named(models: Models, azure: AzureSimulator) -> None:
    """It is an error of the user's."""
    with pytest.raises(DeployError, match="there is no workspace another"):
        deployments.plan(models[0].path, name="plus", **where(azure, workspace="another"))


def test_a_busy_azure_is_asked_again(models: Models, azure: AzureSimulator) -> None:
    """Requests that are throttled, or that meet a fault, are tried again."""
    azure.throttle(1, retry_after=0)
    azure.break_down(1)
    assert deployments.plan(models[0].path, name="plus", **where(azure)).steps


def test_a_model_that_azures_library_would_cut_is_refused(models: Models, azure: AzureSimulator) -> None:
    """It leaves out what a file `.amlignore` in the directory names, and says nothing."""
    path = models[0].path
    (path / ".amlignore").write_text("*\n", encoding="utf-8")
    (path / "MANIFEST.sha256").unlink()
    with pytest.raises(DeployError, match=r"the model has a file \.amlignore"):
        deployments.plan(path, name="plus", **where(azure))


def test_documents_are_what_is_sent(models: Models, azure: AzureSimulator) -> None:
    """The names are those of the plan, and no secret is in them."""
    documents = deployments.export(models[0].path, name="plus", **where(azure, env={"TOKEN": "a-secret"}))
    assert set(documents) == {"model.yml", "environment.yml", "endpoint.yml", "deployment.yml"}
    deployment = yaml.safe_load(documents["deployment.yml"])
    revision = deployments.plan(models[0].path, name="plus", **where(azure, env={"TOKEN": "a-secret"})).revision
    assert deployment["name"] == f"r{revision}"
    assert "a-secret" not in "".join(documents.values())


def test_documents_are_read_by_azures_library(
    models: Models, azure: AzureSimulator, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """With the same settings that are deployed."""
    from azure.ai.ml import load_environment, load_online_deployment, load_online_endpoint

    directory = tmp_path_factory.mktemp("documents")
    options = where(azure, kind="kubernetes", compute="kubernetes", autoscaling={"max_instances": 3}, resources={})
    for name, text in deployments.export(models[0].path, name="plus", **options).items():
        (directory / name).write_text(text, encoding="utf-8")
    assert load_online_endpoint(directory / "endpoint.yml").name == "plus"
    assert "registry.azurecr.io/plus:" in str(load_environment(directory / "environment.yml").image)
    deployment: Any = load_online_deployment(directory / "deployment.yml")
    assert deployment.scale_settings.max_instances == 3
    assert deployment.request_settings.request_timeout_ms == 60_000


def test_the_image_may_be_missing_for_all_but_deploying(models: Models, azure: AzureSimulator) -> None:
    """And its absence is explained."""
    options = {**place(azure), "image": None}
    assert deployments.get("plus", target="azureml", options=options).state == "absent"
    with pytest.raises(DeployError, match="no image was named") as caught:
        modelpack.deploy(models[0].path, target="azureml", name="plus", options=options)
    assert "modelpack build" in (caught.value.hint or "")


def test_what_is_new_in_a_log_is_found() -> None:
    """By the longest end of what was seen; all of it when nothing fits."""
    assert new_lines(["a", "b", "b"], ["b", "b", "c"]) == ["c"]
    assert new_lines(["a"], ["b", "c"]) == ["b", "c"]
    assert new_lines([], ["a"]) == ["a"]
    assert new_lines(["a", "b"], ["a", "b"]) == []


@pytest.mark.slow
def test_two_who_deploy_the_same_at_once_do_not_undo_each_other(models: Models, azure: AzureSimulator) -> None:
    """One of them may be told that the other is at it; what both wish stands in the end."""

    def deploy(_: int) -> str:
        try:
            return str(modelpack.deploy(models[0].path, name="plus", **where(azure)).state)
        except DeployError as error:
            return error.code

    with ThreadPoolExecutor(2) as pool:
        outcomes = set(pool.map(deploy, range(2)))
    assert "ready" in outcomes
    assert outcomes <= {"ready", "conflict"}
    assert predictions(azure) == [{"x": 2.5}, {"x": 3.0}]
    assert not deployments.plan(models[0].path, name="plus", **where(azure)).steps

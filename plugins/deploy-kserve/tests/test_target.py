"""Deploying to a stand-in for a cluster that runs the real scoring server."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from api_server import Cluster

import modelpack
from modelpack import deployments
from modelpack.errors import DeployError
from modelpack.plugins.manager import PluginManager
from modelpack.testing.dialect_checks import assert_answers_as_the_scoring_server
from modelpack_deploy_kserve.target import target

if TYPE_CHECKING:
    from pathlib import Path

    from modelpack import ModelInfo

Models = tuple["ModelInfo", "ModelInfo"]
BODY = b'{"dataframe_split": {"columns": ["x"], "data": [[1.5], [2.0]]}}'
KINDS = ["inferenceservice", "deployment"]


def where(kubeconfig: Path, **options: Any) -> dict[str, Any]:
    """The arguments that every verb takes."""
    common = {"kubeconfig": kubeconfig, "image": "plus:{digest}", "start_timeout": 30}
    return {"target": "kserve", "options": {**common, **options}}


def predictions(kubeconfig: Path, **options: Any) -> Any:
    """What the deployment predicts."""
    answer = deployments.invoke("plus", BODY, content_type="application/json", **where(kubeconfig, **options))
    return json.loads(answer.body)["predictions"]


def test_the_installed_plugin_is_this_one() -> None:
    """The target is found by its name, and it is valid."""
    assert PluginManager().target("kserve") is target


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_model_is_deployed_updated_and_deleted(models: Models, cluster: Cluster, kubeconfig: Path, kind: str) -> None:
    """Each revision answers, the same again changes nothing, and in the end nothing is left."""
    first, second = models
    told: list[str] = []
    deployed = modelpack.deploy(first.path, name="plus", progress=told.append, **where(kubeconfig, kind=kind))
    assert (deployed.state, deployed.digest) == ("ready", first.digest)
    assert told[0] == f"applied {kind}/plus"
    assert predictions(kubeconfig) == [{"x": 2.5}, {"x": 3.0}]
    assert not deployments.plan(first.path, name="plus", **where(kubeconfig, kind=kind)).steps
    modelpack.deploy(second.path, name="plus", **where(kubeconfig, kind=kind))
    assert predictions(kubeconfig) == [{"x": 3.5}, {"x": 4.0}]
    assert len(cluster.pods) == 1
    deployments.delete("plus", **where(kubeconfig))
    deployments.delete("plus", **where(kubeconfig))
    assert cluster.names() == set()


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_an_update_that_fails_is_undone(models: Models, cluster: Cluster, kubeconfig: Path, kind: str) -> None:
    """The pod says why, the model before serves all the time, and nothing of the failure is left."""
    modelpack.deploy(models[0].path, name="plus", **where(kubeconfig, kind=kind))
    before = cluster.names()
    broken = where(kubeconfig, kind=kind, image="lost:1", start_timeout=2)
    with pytest.raises(DeployError, match="ImagePullBackOff; there is no image lost:1") as caught:
        modelpack.deploy(models[1].path, name="plus", **broken)
    assert caught.value.code == "rolled_back"
    assert predictions(kubeconfig) == [{"x": 2.5}, {"x": 3.0}]
    assert cluster.names() == before
    assert deployments.get("plus", **where(kubeconfig)).digest == models[0].digest


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_first_deployment_that_fails_leaves_nothing(
    models: Models, cluster: Cluster, kubeconfig: Path, kind: str
) -> None:
    """A server that ends says so in the error."""
    damaged = where(kubeconfig, kind=kind, env={"MODELPACK_TRUST": "sha256:" + 64 * "0"}, start_timeout=8)
    trusted = modelpack.package.trust.default_store()
    trusted.discard(models[0].digest)
    with pytest.raises(DeployError, match=r"CrashLoopBackOff; Error with exit code 1: hint: .*trust") as caught:
        modelpack.deploy(models[0].path, name="plus", **damaged)
    assert (caught.value.code, caught.value.left_behind) == ("failed", ())
    assert cluster.names() == set()


@pytest.mark.slow
def test_every_dialect_is_answered_as_by_the_scoring_server(models: Models, kubeconfig: Path) -> None:
    """Byte for byte, as at every other target."""
    modelpack.deploy(models[0].path, name="plus", **where(kubeconfig))
    assert_answers_as_the_scoring_server(models[0].path, "plus", **where(kubeconfig))


@pytest.mark.slow
def test_the_server_trusts_the_model_that_was_deployed(models: Models, kubeconfig: Path) -> None:
    """By its digest, which the manifest holds; nobody has to say it."""
    modelpack.package.trust.default_store().discard(models[0].digest)
    modelpack.deploy(models[0].path, name="plus", **where(kubeconfig))
    assert predictions(kubeconfig) == [{"x": 2.5}, {"x": 3.0}]


@pytest.mark.slow
def test_the_log_of_the_pods_is_read(models: Models, kubeconfig: Path) -> None:
    """Each line with its pod's name."""
    modelpack.deploy(models[0].path, name="plus", **where(kubeconfig))
    lines = list(deployments.logs("plus", lines=50, **where(kubeconfig)))
    assert all(line.startswith("plus-") for line in lines)
    assert any("listening on" in line for line in lines)
    assert len(list(deployments.logs("plus", lines=1, **where(kubeconfig)))) == 1


@pytest.mark.slow
def test_a_refused_request_is_told(models: Models, kubeconfig: Path) -> None:
    """In the scoring server's words."""
    modelpack.deploy(models[0].path, name="plus", **where(kubeconfig))
    with pytest.raises(DeployError, match="plus-predictor answered 400") as caught:
        deployments.invoke("plus", b'{"nothing": 1}', content_type="application/json", **where(kubeconfig))
    assert caught.value.code == "invocation_failed"


@pytest.mark.slow
def test_traffic_is_divided(models: Models, kubeconfig: Path) -> None:
    """As KServe's canary."""
    modelpack.deploy(models[0].path, name="plus", **where(kubeconfig))
    deployment = deployments.set_traffic("plus", {"latest": 10, "previous": 90}, **where(kubeconfig))
    assert [(each.name, each.traffic) for each in deployment.variants] == [("latest", 10), ("previous", 90)]
    with pytest.raises(DeployError, match="there is no variant 'blue'"):
        deployments.set_traffic("plus", {"blue": 100}, **where(kubeconfig))


def test_a_plan_changes_nothing(models: Models, cluster: Cluster, kubeconfig: Path) -> None:
    """The cluster is only read."""
    planned = deployments.plan(models[0].path, name="plus", **where(kubeconfig, kind="deployment", max_replicas=3))
    assert [(step.action, step.resource) for step in planned.steps] == [
        ("create", "deployment/plus"),
        ("create", "service/plus"),
        ("create", "horizontalpodautoscaler/plus"),
    ]
    assert "apps/deployments: get, list, create, patch, delete" in planned.permissions
    assert {method for method, _ in cluster.requests} == {"GET"}


def apply(models: Models, kubeconfig: Path, name: str = "plus", **options: Any) -> None:
    """Deploy without waiting."""
    modelpack.deploy(models[0].path, name=name, wait=False, **where(kubeconfig, **options))


def test_an_interrupted_apply_is_gone_on_with(models: Models, cluster: Cluster, kubeconfig: Path) -> None:
    """The next plan has the steps that are left."""
    at = where(kubeconfig, kind="deployment", max_replicas=3)

    def stop(line: str) -> None:
        raise KeyboardInterrupt(line)

    with pytest.raises(KeyboardInterrupt):
        modelpack.deploy(models[0].path, name="plus", progress=stop, **at)
    left = [step.resource for step in deployments.plan(models[0].path, name="plus", **at).steps]
    assert left == ["service/plus", "horizontalpodautoscaler/plus"]
    apply(models, kubeconfig, kind="deployment", max_replicas=3)
    assert {"Deployment/plus", "Service/plus", "HorizontalPodAutoscaler/plus"} <= cluster.names()


def test_an_autoscaler_that_is_not_wanted_any_more_is_removed(
    models: Models, cluster: Cluster, kubeconfig: Path
) -> None:
    """And the number of replicas is the deployment's own again."""
    apply(models, kubeconfig, kind="deployment", max_replicas=3)
    assert "replicas" not in cluster.objects["Deployment", "default", "plus"]["spec"]
    apply(models, kubeconfig, kind="deployment", max_replicas=2, min_replicas=2)
    assert cluster.objects["Deployment", "default", "plus"]["spec"]["replicas"] == 2
    assert ("HorizontalPodAutoscaler", "default", "plus") not in cluster.objects


def test_what_others_made_is_left_alone(models: Models, cluster: Cluster, kubeconfig: Path) -> None:
    """It is neither listed, nor changed, nor deleted."""
    foreign = {"metadata": {"name": "plus", "namespace": "default", "labels": {}, "uid": "1"}, "spec": {}}
    cluster.objects["Deployment", "default", "plus"] = {"kind": "Deployment", **foreign}
    assert deployments.list(**where(kubeconfig)) == []
    assert deployments.get("plus", **where(kubeconfig)).state == "absent"
    deployments.delete("plus", **where(kubeconfig))
    with pytest.raises(DeployError, match="has a Deployment 'plus' that modelpack did not make") as caught:
        apply(models, kubeconfig, kind="deployment")
    assert caught.value.code == "rejected"
    assert cluster.names() == {"Deployment/plus"}


def test_every_page_of_a_list_is_read(models: Models, cluster: Cluster, kubeconfig: Path) -> None:
    """However few a page holds."""
    cluster.page = 2
    for number in range(5):
        apply(models, kubeconfig, name=f"plus-{number}", image="lost:1")
    assert [each.name for each in deployments.list(**where(kubeconfig))] == [f"plus-{n}" for n in range(5)]


def test_two_who_deploy_at_once_do_not_mix(models: Models, cluster: Cluster, kubeconfig: Path) -> None:
    """The second is told, since what it has seen is not what stands any more."""
    apply(models, kubeconfig, image="lost:1")

    write = cluster.write

    def disturbed(kind: str, key: tuple[str, str], manifest: Any, *, create: bool) -> Any:
        cluster.objects[kind, *key]["metadata"]["resourceVersion"] = "elsewhere"
        return write(kind, key, manifest, create=create)

    cluster.write = disturbed  # type: ignore[method-assign]  # somebody else writes in between
    with pytest.raises(DeployError, match="somebody else is changing it") as caught:
        apply(models, kubeconfig, image="lost:2")
    assert caught.value.code == "conflict"


def test_a_cluster_without_kserve_says_so(models: Models, cluster: Cluster, kubeconfig: Path) -> None:
    """With the way out."""
    cluster.has_kserve = False
    with pytest.raises(DeployError, match="KServe is not installed in the cluster") as caught:
        apply(models, kubeconfig)
    assert caught.value.hint == "install it, or deploy without it: -o kind=deployment"
    apply(models, kubeconfig, kind="deployment")


def test_a_missing_permission_is_told(models: Models, cluster: Cluster, kubeconfig: Path) -> None:
    """In the cluster's words, and nothing is left behind."""
    cluster.forbidden = {"create"}
    with pytest.raises(DeployError, match="the account may not create") as caught:
        apply(models, kubeconfig)
    assert caught.value.code == "permission_denied"
    assert cluster.names() == set()


def test_a_cluster_that_does_not_answer_is_unreachable(tmp_path: Path, kubeconfig: Path) -> None:
    """The hint says how to look."""
    text = kubeconfig.read_text(encoding="utf-8")
    lost = tmp_path / "lost"
    lost.write_text(text.replace(text.partition("server: ")[2].split()[0], "http://127.0.0.1:9"), encoding="utf-8")
    with pytest.raises(DeployError, match="the cluster does not answer") as caught:
        deployments.get("plus", **where(lost))
    assert caught.value.code == "unreachable"


def test_a_kubeconfig_that_is_not_there_is_named(tmp_path: Path) -> None:
    """It is an error of the user's."""
    with pytest.raises(DeployError, match="no cluster is configured") as caught:
        deployments.get("plus", **where(tmp_path / "absent"))
    assert caught.value.code == "rejected"


@pytest.mark.parametrize("name", ["Plus", "plus_1", "1plus", "plus.1", "p" * 54])
def test_names_that_kubernetes_refuses_are_refused(models: Models, kubeconfig: Path, name: str) -> None:
    """Before anything is asked of it."""
    with pytest.raises(DeployError, match="cannot be the name of an object in Kubernetes"):
        apply(models, kubeconfig, name=name)


def test_the_image_may_be_missing_for_all_but_deploying(models: Models, kubeconfig: Path) -> None:
    """And its absence is explained."""
    options = {"kubeconfig": kubeconfig}
    assert deployments.get("plus", target="kserve", options=options).state == "absent"
    with pytest.raises(DeployError, match="no image was named") as caught:
        modelpack.deploy(models[0].path, target="kserve", name="plus", options=options)
    assert "modelpack build" in (caught.value.hint or "")

"""What can be done with deployments, through core's functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import modelpack
from modelpack import deployments
from modelpack.errors import DeployError, InvalidArgumentError, PluginError

if TYPE_CHECKING:
    from collections.abc import Callable

    from depot import Depot
    from site_packages import SitePackages

    from modelpack.deployments.records import Deployment

BARE_TARGET = """
from modelpack import hookimpl
from modelpack.deployments.records import Deployment, Plan


@hookimpl
def modelpack_deploy(context):
    return "done"


def plan(request): return Plan(revision="r")
def get(name, options): return Deployment(name=name, state=STATE)
def list(options): return [None]
def delete(name, options): raise KeyError(name)
def invoke(name, invocation, options): return b"bytes"
"""


def test_what_is_absent_is_a_state(depot: Depot) -> None:
    """Asking for it is no error."""
    assert deployments.get("wine", **depot.where()).state == "absent"


def test_deployments_are_listed_by_name(depot: Depot) -> None:
    """Whatever order the platform has."""
    for name in ("wine", "beer", "cider"):
        modelpack.deploy(depot.model.path, name=name, **depot.where())
    assert [each.name for each in deployments.list(**depot.where())] == ["beer", "cider", "wine"]


def test_a_body_goes_there_and_back(depot: Depot) -> None:
    """With its media types."""
    modelpack.deploy(depot.model.path, name="wine", **depot.where())
    answer = deployments.invoke("wine", b"x,y\n", content_type="text/csv", accept="text/plain", **depot.where())
    assert (answer.body, answer.content_type) == (b"X,Y\n", "text/plain")


def test_nothing_answers_where_nothing_is(depot: Depot) -> None:
    """The error's code says so."""
    with pytest.raises(DeployError, match="nothing is deployed as wine") as caught:
        deployments.invoke("wine", b"", content_type="text/csv", **depot.where())
    assert caught.value.code == "not_deployed"


def test_the_last_lines_of_the_log_are_read(depot: Depot) -> None:
    """As many as are asked for."""
    assert list(deployments.logs("wine", lines=2, **depot.where())) == ["wine 0 of 1", "wine 1 of 1"]


def test_traffic_is_divided(depot: Depot) -> None:
    """Among the variants that are named."""
    deployment = deployments.set_traffic("wine", {"blue": 90, "green": 10}, **depot.where())
    assert [(each.name, each.traffic) for each in deployment.variants] == [("blue", 90), ("green", 10)]


@pytest.mark.parametrize("shares", [{}, {"blue": 99}, {"blue": 110, "green": -10}])
def test_shares_that_are_no_whole_are_refused(depot: Depot, shares: dict[str, float]) -> None:
    """Before the target is asked."""
    with pytest.raises(DeployError, match="do not add up to 100 percent") as caught:
        deployments.set_traffic("wine", shares, **depot.where())
    assert caught.value.code == "rejected"


def test_deleting_waits_until_it_is_gone(depot: Depot) -> None:
    """And a second time there is nothing to do."""
    modelpack.deploy(depot.model.path, name="wine", **depot.where())
    deployments.delete("wine", progress=depot.told.append, **depot.where())
    assert depot.told == ["wine is deleting"]
    assert deployments.get("wine", **depot.where()).state == "absent"
    deployments.delete("wine", **depot.where())


def test_deleting_need_not_be_waited_for(depot: Depot) -> None:
    """The target goes on alone."""
    modelpack.deploy(depot.model.path, name="wine", **depot.where())
    deployments.delete("wine", wait=False, **depot.where())
    assert deployments.get("wine", **depot.where()).state == "deleting"


def test_a_model_is_served_here_as_there(depot: Depot) -> None:
    """The exit code is the server's."""
    code = deployments.run_local(depot.model.path, port=7, progress=depot.told.append, **depot.where())
    assert code == 3
    assert depot.told == [f"serving {depot.model.digest} at 127.0.0.1:7"]


def test_what_a_target_does_not_offer_is_said(depot: Depot) -> None:
    """With a code, so that programs can tell."""
    with pytest.raises(DeployError, match="the target 'depot' has no documents to export") as caught:
        deployments.export(depot.model.path, name="wine", **depot.where())
    assert caught.value.code == "unsupported"


def bare(site: SitePackages, state: str = "ready") -> Callable[[], Deployment]:
    """A module as target, which answers a state."""
    text = BARE_TARGET.replace("STATE", repr(state))
    site.install(
        "modelpack-deploy-bare", {"modelpack.targets": {"bare": "bare_target"}}, files={"bare_target.py": text}
    )
    return lambda: deployments.get("wine", target="bare", plugins=site.plugins())


def test_a_module_is_a_target_too(site: SitePackages) -> None:
    """What it leaves out is unsupported."""
    assert bare(site)().state == "ready"
    with pytest.raises(DeployError, match="the target 'bare' has no logs"):
        list(deployments.logs("wine", target="bare", plugins=site.plugins()))


def test_a_state_that_does_not_exist_is_a_fault_of_the_target(site: SitePackages) -> None:
    """The error lists those that do."""
    with pytest.raises(PluginError, match="answered the state 'happy' from get") as caught:
        bare(site, "happy")()
    assert "absent" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("verb", "words"),
    [
        ("list", "answered a NoneType from list, not a Deployment"),
        ("delete", "could not delete wine: KeyError: 'wine'"),
        ("invoke", "answered a bytes from invoke, not a InvocationAnswer"),
    ],
)
def test_faults_of_a_target_are_put_in_words(site: SitePackages, verb: str, words: str) -> None:
    """They name the distribution to complain to."""
    bare(site)
    plugins = site.plugins()
    calls: dict[str, Callable[[], object]] = {
        "list": lambda: deployments.list(target="bare", plugins=plugins),
        "delete": lambda: deployments.delete("wine", target="bare", plugins=plugins),
        "invoke": lambda: deployments.invoke("wine", b"", content_type="text/csv", target="bare", plugins=plugins),
    }
    with pytest.raises(PluginError, match=words) as caught:
        calls[verb]()
    assert "modelpack-deploy-bare" in caught.value.message


def test_a_target_that_is_not_installed_is_named(site: SitePackages) -> None:
    """With the line that installs it."""
    with pytest.raises(PluginError, match="'sagemaker' is not installed") as caught:
        deployments.get("wine", target="sagemaker", plugins=site.plugins())
    assert "pip install modelpack-deploy-sagemaker" in (caught.value.hint or "")


def test_a_name_is_checked_for_every_verb(depot: Depot) -> None:
    """No target is asked for a path."""
    with pytest.raises(InvalidArgumentError, match="cannot be the name"):
        deployments.get("../wine", **depot.where())

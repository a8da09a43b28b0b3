"""What decides whether containers are replaced, and how things are called; needs no engine."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from modelpack.deployments.records import DeployRequest
from modelpack_deploy_docker import naming
from modelpack_deploy_docker.engine import engine_host, machine
from modelpack_deploy_docker.options import DockerOptions
from modelpack_deploy_docker.target import target

TAG = re.compile(r"[a-z0-9-]+:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")


def request(name: str = "wine", **options: Any) -> DeployRequest[DockerOptions]:
    """A wish."""
    digest = f"sha256:{'5' * 64}"
    return DeployRequest(name=name, model_path=Path("wine"), digest=digest, options=DockerOptions(**options))


@pytest.mark.parametrize("options", [{"replicas": 3}, {"host": "10.0.0.1"}, {"port": 8080}])
def test_scaling_and_moving_keep_the_servers(options: dict[str, Any]) -> None:
    """They are another revision of the deployment, of the same containers."""
    assert naming.server_template(request(**options)) == naming.server_template(request())
    assert naming.revision(request(**options)) != naming.revision(request())


@pytest.mark.parametrize("options", [{"memory": "1g"}, {"env": {"A": "1"}}, {"user": "1:1"}, {"network": "mine"}])
def test_what_a_container_is_made_with_makes_another(options: dict[str, Any]) -> None:
    """And leaves the forwarder where it is."""
    assert naming.server_template(request(**options)) != naming.server_template(request())
    assert naming.forwarder_template(request(**options).options) == naming.forwarder_template(request().options)


@pytest.mark.parametrize("options", [{"docker_host": "tcp://a:1"}, {"start_timeout": 5}, {"pull": "always"}])
def test_how_it_is_done_changes_nothing(options: dict[str, Any]) -> None:
    """Where the engine is, and how long to wait, are no part of what stands."""
    assert naming.revision(request(**options)) == naming.revision(request())


def test_secrets_are_in_no_name() -> None:
    """Revisions tell nothing of the values of variables, not even that they differ."""
    one, other = request(env={"TOKEN": "hush-1"}), request(env={"TOKEN": "hush-2"})
    assert naming.revision(one) == naming.revision(other)
    assert "hush" not in repr(one.options.settings())


@pytest.mark.parametrize("name", ["wine", "a" * 63, "Wine_2.0-x", "1..a"])
def test_every_name_of_a_deployment_gives_an_image_one(name: str) -> None:
    """Capitals and repeated signs, which repositories may not have, stand in the tag."""
    assert TAG.fullmatch(naming.image_tag(request(name)))


def test_another_image_to_build_upon_is_another_image() -> None:
    """The tag depends on the model and on what else is in the image."""
    tags = {naming.image_tag(request(**options)) for options in ({}, {"base": "a"}, {"image": "a"}, {"replicas": 2})}
    assert len(tags) == 3


def test_the_engine_is_where_one_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """The option comes before the variable."""
    monkeypatch.setenv("DOCKER_HOST", "tcp://variable:2375")
    assert engine_host(DockerOptions()) == "tcp://variable:2375"
    assert engine_host(DockerOptions(docker_host="tcp://option:2375")) == "tcp://option:2375"


@pytest.mark.parametrize(
    ("host", "expected"),
    [("unix:///var/run/docker.sock", "127.0.0.1"), ("tcp://far:2375", "far"), ("ssh://me@far:22", "far")],
)
def test_ports_are_published_on_the_engines_machine(host: str, expected: str) -> None:
    """Which may be another than this one."""
    assert machine(DockerOptions(docker_host=host)) == expected


@pytest.mark.parametrize("network", ["host", "bridge", "none"])
def test_networks_without_names_are_refused(network: str) -> None:
    """Before anything is changed."""
    finding = next(iter(target.check(request(network=network))))
    assert finding.level == "error"
    assert network in finding.message

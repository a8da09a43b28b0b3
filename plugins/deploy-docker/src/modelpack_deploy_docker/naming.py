"""How containers, networks and images are called, and the labels by which they are known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelpack.deployments.records import revision_of

if TYPE_CHECKING:
    from modelpack.deployments.records import DeployRequest
    from modelpack_deploy_docker.options import DockerOptions

NAME = "modelpack.deployment"
"""The deployment's name; together with `ROLE` it makes a container ours."""

ROLE = "modelpack.role"
SERVER, FORWARDER, NETWORK = "server", "forwarder", "network"
TEMPLATE = "modelpack.template"
"""By what a container was made; one with another is replaced."""

NUMBER = "modelpack.number"
DIGEST = "modelpack.model.digest"
BUILT_FOR = "modelpack.built-for"
"""On an image, the deployment for which it was built, and with which it goes."""

PORT = 8080


def labels(name: str, role: str, **others: str) -> dict[str, str]:
    """The labels of something that belongs to a deployment."""
    return {NAME: name, ROLE: role, **others}


def filters(role: str, name: str | None = None) -> dict[str, str | list[str] | bool]:
    """What finds the things with a role, of one deployment or of all."""
    return {"label": [f"{ROLE}={role}", NAME if name is None else f"{NAME}={name}"]}


def revision(request: DeployRequest[DockerOptions]) -> str:
    """The revision of the whole deployment."""
    return revision_of(request.digest, request.options.settings())


def server_template(request: DeployRequest[DockerOptions]) -> str:
    """What tells whether a container serves what is wished."""
    return revision_of(request.digest, request.options.server_settings())


def forwarder_template(options: DockerOptions) -> str:
    """What tells whether a forwarder listens as is wished."""
    return revision_of("", options.forwarder_settings())


def image_tag(request: DeployRequest[DockerOptions]) -> str:
    """The name of the image that is built for a model, by its digest and what else is in it."""
    options = request.options
    contents = {"image": options.image, "base": options.base, "extra": list(options.extra_requirements)}
    return f"modelpack-deployment:{request.name}-{revision_of(request.digest, contents)}"


def network_name(name: str) -> str:
    """The network of a deployment."""
    return f"modelpack.{name}"

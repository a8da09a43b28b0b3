"""What would change on the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelpack.deployments.records import Plan, Step
from modelpack_deploy_docker import naming
from modelpack_deploy_docker.forwarders import fitting_forwarder
from modelpack_deploy_docker.images import standing_image, unused_images
from modelpack_deploy_docker.networks import standing_network
from modelpack_deploy_docker.servers import fitting_servers
from modelpack_deploy_docker.standing import standing
from modelpack_deploy_docker.survey import survey

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker import DockerClient

    from modelpack.deployments.records import DeployRequest
    from modelpack_deploy_docker.options import DockerOptions
    from modelpack_deploy_docker.survey import Survey

_PERMISSIONS = ("access to the engine's socket",)


def plan(client: DockerClient, request: DeployRequest[DockerOptions]) -> Plan:
    """The steps that are left until what stands is what is wished."""
    found, revision = survey(client, request.name), naming.revision(request)
    is_whole = len(fitting_servers(found, request)) == request.options.replicas
    stands = standing(found, "")
    is_clean = not _left_images(client, found)
    if stands.state == "ready" and stands.revision == revision and is_whole and is_clean:
        return Plan(revision=revision, permissions=_PERMISSIONS)
    return Plan(tuple(_steps(client, request, found)), revision=revision, permissions=_PERMISSIONS)


def _steps(client: DockerClient, request: DeployRequest[DockerOptions], found: Survey) -> Iterator[Step]:
    name, options = request.name, request.options
    if standing_image(client, request) is None:
        source = {"digest": request.digest, "image": options.image, "base": options.base}
        yield Step("create", f"image/{naming.image_tag(request)}", source)
    if standing_network(client, request) is None:
        yield Step("create", f"network/{naming.network_name(name)}")
    if fitting_forwarder(found, options) is None:
        yield Step("replace" if found.forwarders else "create", f"forwarder/{name}", options.forwarder_settings())
    wanted = {"digest": request.digest, **options.settings()}
    before = {"digest": found.told.get("digest"), **found.told.get("settings", {})} if found.told else {}
    changed = {key: before[key] for key, value in wanted.items() if key in before and before[key] != value}
    yield Step("update" if found.told else "create", f"servers/{name}", wanted, changed)
    fitting = {server.id for server in fitting_servers(found, request)}
    if others := [server.name for server in found.servers if server.id not in fitting]:
        yield Step("delete", f"containers/{name}", {"containers": others})
    if left := _left_images(client, found):
        yield Step("delete", f"images/{name}", {"images": left})


def _left_images(client: DockerClient, found: Survey) -> list[str]:
    """The images that were built for the deployment and that no container of it uses."""
    used = {container.attrs["Image"] for container in (*found.forwarders, *found.servers)}
    return [str(image.id) for image in unused_images(client, found.name, used)]

"""The model's container in the foreground."""

from __future__ import annotations

import secrets
from contextlib import suppress
from typing import TYPE_CHECKING

from modelpack.deployments.local.foreground import stopped_by_sigterm
from modelpack_deploy_docker import naming
from modelpack_deploy_docker.forwarders import published
from modelpack_deploy_docker.images import provide_image, remove_unused_images, standing_image
from modelpack_deploy_docker.networks import provide_network
from modelpack_deploy_docker.servers import end

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

    from modelpack.contexts import LocalRunContext
    from modelpack_deploy_docker.options import DockerOptions


def run(client: DockerClient, context: LocalRunContext[DockerOptions]) -> int:
    """Run a container, show its log, and answer its exit code; it is removed, and the image that was built for it."""
    request, options = context.request, context.request.options
    image = standing_image(client, request)
    built = image is None
    image = provide_image(client, request, context.progress) if image is None else image
    network = provide_network(client, f"run-{secrets.token_hex(4)}")
    container = client.containers.create(
        image,
        network=network.name,
        environment=options.environment(),
        ports=published(context.host, context.port),
        mem_limit=options.memory,
        memswap_limit=options.memory,
        read_only=options.read_only,
        tmpfs={"/tmp": ""} if options.read_only else None,  # noqa: S108 - of the container
        user=options.user,
    )
    try:
        with stopped_by_sigterm():
            return _attended(container, context)
    finally:
        end([container], options.grace)
        network.remove()
        if built:
            remove_unused_images(client, request.name, set())


def _attended(container: Container, context: LocalRunContext[DockerOptions]) -> int:
    container.start()
    container.reload()
    (binding, *_) = container.attrs["NetworkSettings"]["Ports"][f"{naming.PORT}/tcp"]
    context.progress(f"listening on http://{binding['HostIp']}:{binding['HostPort']}")
    with suppress(KeyboardInterrupt):
        for line in container.logs(stream=True, follow=True):
            context.progress(line.decode("utf-8", "replace").rstrip("\n"))
    with suppress(KeyboardInterrupt):
        container.stop(timeout=round(context.request.options.grace) + 10)
    return int(container.wait()["StatusCode"])

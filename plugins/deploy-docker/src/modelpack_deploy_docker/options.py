"""What can be chosen for a deployment on an engine."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr

from modelpack import PluginOptions

_NOT_SETTINGS = {"build_arguments", "docker_host", "pull", "start_timeout"}
_NOT_OF_SERVERS = {*_NOT_SETTINGS, "replicas", "host", "port"}
_OF_FORWARDER = {"host", "port"}


class DockerOptions(PluginOptions):
    """What `-o key=value` takes for the target `docker`."""

    image: Annotated[
        str | None,
        Field(description="An image of the scoring server to use; a model that is not in it is laid over it."),
    ] = None
    base: Annotated[str | None, Field(description="The image to build upon; by default Docker Hub's slim Python.")] = (
        None
    )
    extra_requirements: Annotated[
        tuple[str, ...], Field(description="Requirements beyond the model's for the image that is built.")
    ] = ()
    build_arguments: Annotated[
        tuple[str, ...], Field(description="Further arguments of the engine's build, such as --no-cache.")
    ] = ()
    pull: Annotated[
        Literal["missing", "always", "never"], Field(description="When the image of the option `image` is pulled.")
    ] = "missing"
    replicas: Annotated[int, Field(ge=1, le=100, description="How many containers share the requests.")] = 1
    host: Annotated[str, Field(description="The engine's address to listen on; 0.0.0.0 lets other machines in.")] = (
        "127.0.0.1"
    )
    port: Annotated[int, Field(ge=0, le=65_535, description="The port to listen on; 0 lets the engine choose.")] = 0
    network: Annotated[
        str | None,
        Field(description="A network of your own to join, under the deployment's name; by default one is made."),
    ] = None
    memory: Annotated[
        str | None, Field(pattern=r"^\d+[bkmgBKMG]?$", description="The most memory of a container, such as 512m.")
    ] = None
    cpus: Annotated[float | None, Field(gt=0, description="The most processors of a container, such as 1.5.")] = None
    env: Annotated[dict[str, SecretStr], Field(description="Further variables of the containers; never shown.")] = (
        Field(default_factory=dict)
    )
    restart: Annotated[
        Literal["no", "always", "on-failure", "unless-stopped"],
        Field(description="When the engine starts a container again that has ended."),
    ] = "unless-stopped"
    grace: Annotated[float, Field(ge=0, description="Seconds that requests have to finish when a container ends.")] = (
        30.0
    )
    read_only: Annotated[bool, Field(description="Whether the servers' file systems are read-only, but for /tmp.")] = (
        False
    )
    user: Annotated[
        str | None, Field(description="The user, `uid` or `uid:gid`, of the servers; by default the image's.")
    ] = None
    start_timeout: Annotated[
        float, Field(gt=0, description="Seconds that containers have to become ready before the change is given up.")
    ] = 300.0
    docker_host: Annotated[
        str | None,
        Field(description="The engine's or podman's socket, such as unix:///run/podman/podman.sock; else DOCKER_HOST."),
    ] = None

    def settings(self) -> dict[str, Any]:
        """What changes what stands, as plain values; of the environment only the names."""
        return self.model_dump(mode="json", exclude=_NOT_SETTINGS)

    def server_settings(self) -> dict[str, Any]:
        """What makes other containers necessary."""
        return self.model_dump(mode="json", exclude=_NOT_OF_SERVERS)

    def forwarder_settings(self) -> dict[str, Any]:
        """What makes another forwarder necessary."""
        return self.model_dump(mode="json", include=_OF_FORWARDER)

    def environment(self) -> dict[str, str]:
        """The variables of the containers, with their values."""
        own = {name: value.get_secret_value() for name, value in self.env.items()}
        return {"MODELPACK_GRACE": f"{self.grace:g}", **own}

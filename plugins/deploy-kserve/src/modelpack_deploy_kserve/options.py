"""What `-o key=value` takes for this target."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from modelpack.interfaces import PluginOptions

Quantity = Annotated[str, Field(pattern=r"^\d+(\.\d+)?(m|k|Ki|M|Mi|G|Gi|T|Ti)?$")]
"""An amount in Kubernetes' notation, such as `500m` or `2Gi`."""


class Resources(PluginOptions):
    """What each replica asks for, and at most gets."""

    cpu: Annotated[Quantity, Field(description="CPUs that a replica asks for.")] = "500m"
    memory: Annotated[Quantity, Field(description="Memory that a replica asks for.")] = "512Mi"
    cpu_limit: Annotated[Quantity | None, Field(description="The most CPUs that it gets; as many as it asks for.")] = (
        None
    )
    memory_limit: Annotated[
        Quantity | None, Field(description="The most memory that it gets; as much as it asks for.")
    ] = None


class KServeOptions(PluginOptions):
    """Where and how a model is deployed."""

    image: Annotated[
        str | None,
        Field(
            min_length=1,
            description="The image of the scoring server; {digest} stands for the first 12 digits of the model's.",
        ),
    ] = None
    kind: Annotated[
        Literal["inferenceservice", "deployment"],
        Field(description="KServe's InferenceService, or a Deployment with a Service and an autoscaler."),
    ] = "inferenceservice"
    namespace: Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$", description="The namespace.")] = (
        "default"
    )
    context: Annotated[str | None, Field(description="The context of the kubeconfig; the current one.")] = None
    kubeconfig: Annotated[Path | None, Field(description="The kubeconfig; $KUBECONFIG or ~/.kube/config.")] = None
    storage_uri: Annotated[
        str | None, Field(description="Where KServe fetches the model from, for an image without it.")
    ] = None
    deployment_mode: Annotated[
        Literal["Serverless", "RawDeployment", "Standard", "Knative"] | None,
        Field(description="KServe's deployment mode; the cluster's default."),
    ] = None
    min_replicas: Annotated[int, Field(ge=0, le=1000, description="The fewest replicas.")] = 1
    max_replicas: Annotated[int, Field(ge=1, le=1000, description="The most replicas.")] = 1
    target_cpu: Annotated[
        int, Field(ge=1, le=100, description="Percent of the CPUs asked for that scaling aims at.")
    ] = 70
    resources: Annotated[Resources, Field(description="What each replica gets.")] = Resources()
    env: Annotated[dict[str, str], Field(description="Variables of the server, as a JSON mapping.")] = {}  # noqa: RUF012 - pydantic copies it
    env_from: Annotated[
        dict[str, str], Field(description="Variables from secrets, as a JSON mapping to secret/key.")
    ] = {}  # noqa: RUF012 - pydantic copies it
    service_account: Annotated[str | None, Field(description="The service account of the pods.")] = None
    image_pull_secrets: Annotated[
        tuple[str, ...], Field(description="Secrets to pull the image with, as a JSON list.")
    ] = ()
    node_selector: Annotated[dict[str, str], Field(description="Labels that a node must have, as a JSON mapping.")] = {}  # noqa: RUF012 - pydantic copies it
    labels: Annotated[dict[str, str], Field(description="Further labels of everything, as a JSON mapping.")] = {}  # noqa: RUF012 - pydantic copies it
    start_timeout: Annotated[int, Field(ge=1, description="Seconds that a replica has to become ready.")] = 300
    grace: Annotated[int, Field(ge=1, description="Seconds that a replica has to finish its requests.")] = 45

    @model_validator(mode="after")
    def _fits(self) -> KServeOptions:
        if self.max_replicas < self.min_replicas:
            raise ValueError(f"max_replicas {self.max_replicas} is less than min_replicas {self.min_replicas}")
        if self.kind == "deployment" and self.min_replicas == 0:
            raise ValueError("min_replicas 0 needs kind=inferenceservice: an autoscaler does not scale to nothing")
        if self.kind == "deployment" and (self.storage_uri or self.deployment_mode):
            raise ValueError("storage_uri and deployment_mode need kind=inferenceservice")
        wrong = [value for value in self.env_from.values() if value.count("/") != 1]
        if wrong:
            raise ValueError(f"env_from names {wrong[0]!r}, which is not of the form secret/key")
        return self

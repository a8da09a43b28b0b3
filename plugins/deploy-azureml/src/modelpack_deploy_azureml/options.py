"""What `-o key=value` takes for this target."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, field_validator, model_validator

from modelpack.interfaces import PluginOptions

Quantity = Annotated[str, Field(pattern=r"^\d+(\.\d+)?(m|k|Ki|M|Mi|G|Gi|T|Ti)?$")]
"""An amount in Kubernetes' notation, such as `500m` or `2Gi`."""

LONGEST_REQUEST = {"managed": 180, "kubernetes": 300}
"""Seconds that Azure lets a request take, by the kind of endpoint."""

_PLACE = {"subscription", "resource_group", "workspace", "cloud"}
_ELSEWHERE = {*_PLACE, "image", "base_image", "traffic", "mirror", "batch_compute"}
_WAITING = {"start_timeout", "operation_timeout"}
_TAG = re.compile(r"[^<>%&\\?/]{1,512}")
_MOST_TAGS = 40  # Azure takes 50, and modelpack has some of its own


class Autoscaling(PluginOptions):
    """How a deployment on Kubernetes scales."""

    min_instances: Annotated[int, Field(ge=1, description="The fewest instances.")] = 1
    max_instances: Annotated[int, Field(ge=1, le=1000, description="The most instances.")] = 1
    target_percent: Annotated[int, Field(ge=1, le=100, description="Percent of the CPUs that scaling aims at.")] = 70
    polling_seconds: Annotated[int, Field(ge=1, description="Seconds between two decisions.")] = 10

    @model_validator(mode="after")
    def _fits(self) -> Autoscaling:
        if self.max_instances < self.min_instances:
            raise ValueError(f"max_instances {self.max_instances} is less than min_instances {self.min_instances}")
        return self


class Resources(PluginOptions):
    """What each instance on Kubernetes asks for, and at most gets."""

    cpu: Annotated[Quantity, Field(description="CPUs that an instance asks for.")] = "500m"
    memory: Annotated[Quantity, Field(description="Memory that an instance asks for.")] = "1Gi"
    cpu_limit: Annotated[Quantity | None, Field(description="The most CPUs; as many as it asks for.")] = None
    memory_limit: Annotated[Quantity | None, Field(description="The most memory; as much as it asks for.")] = None


class Probe(PluginOptions):
    """How Azure looks whether a container is well."""

    initial_delay: Annotated[int, Field(ge=1, description="Seconds before the first look.")] = 10
    period: Annotated[int, Field(ge=1, description="Seconds between two looks.")] = 10
    timeout: Annotated[int, Field(ge=1, description="Seconds that an answer may take.")] = 2
    success_threshold: Annotated[int, Field(ge=1, description="Good looks in a row after which it is well.")] = 1
    failure_threshold: Annotated[int, Field(ge=1, description="Bad looks in a row after which it is not.")] = 30


class AzureMLOptions(PluginOptions):
    """Where and how a model is deployed."""

    subscription: Annotated[
        str | None, Field(description="The subscription's id; $AZUREML_ARM_SUBSCRIPTION or $AZURE_SUBSCRIPTION_ID.")
    ] = None
    resource_group: Annotated[str | None, Field(description="The resource group; $AZUREML_ARM_RESOURCEGROUP.")] = None
    workspace: Annotated[str | None, Field(description="The workspace; $AZUREML_ARM_WORKSPACE_NAME.")] = None
    cloud: Annotated[
        Literal["AzureCloud", "AzureUSGovernment", "AzureChinaCloud"], Field(description="Which of Azure's clouds.")
    ] = "AzureCloud"
    image: Annotated[
        str | None,
        Field(
            min_length=1,
            description="The image of the scoring server; {digest} stands for the first 12 digits of the model's.",
        ),
    ] = None
    base_image: Annotated[
        str | None,
        Field(min_length=1, description="In place of image: Azure's inference image, to run a generated score.py on."),
    ] = None
    kind: Annotated[Literal["managed", "kubernetes"], Field(description="Where the endpoint runs.")] = "managed"
    compute: Annotated[str | None, Field(description="The attached cluster, with kind=kubernetes.")] = None
    instance_type: Annotated[
        str | None, Field(min_length=1, description="The machines; Standard_DS3_v2, or the cluster's default type.")
    ] = None
    instance_count: Annotated[int, Field(ge=1, le=50, description="How many instances share the requests.")] = 1
    autoscaling: Annotated[
        Autoscaling | None, Field(description="How it scales, with kind=kubernetes, as a JSON mapping.")
    ] = None
    resources: Annotated[
        Resources | None, Field(description="What each instance gets, with kind=kubernetes, as a JSON mapping.")
    ] = None
    authentication: Annotated[
        Literal["key", "token", "identity"],
        Field(description="How requests show that they may: a key, Azure ML's token, or a Microsoft Entra identity."),
    ] = "key"
    identity: Annotated[
        str | None,
        Field(
            pattern=r"(?i)^/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\.ManagedIdentity/.+$",
            description="The user-assigned identity that the endpoint acts as, by its resource id; one of its own.",
        ),
    ] = None
    public_access: Annotated[bool, Field(description="Whether the endpoint answers outside of the network.")] = True
    egress: Annotated[
        bool, Field(description="Whether containers reach public networks; false needs kind=managed.")
    ] = True
    request_timeout: Annotated[float, Field(gt=0, le=300, description="Seconds that a request may take.")] = 60.0
    concurrency: Annotated[int, Field(ge=1, description="Requests that an instance is given at a time.")] = 64
    queue_timeout: Annotated[
        float | None, Field(gt=0, description="Seconds that a request waits in Azure's queue; Azure's default.")
    ] = None
    liveness: Annotated[Probe, Field(description="When a container is given up, as a JSON mapping.")] = Probe()
    readiness: Annotated[
        Probe | None, Field(description="When a container gets requests, as a JSON mapping; see start_timeout.")
    ] = None
    env: Annotated[dict[str, SecretStr], Field(description="Further variables of the containers; never shown.")] = (
        Field(default_factory=dict)
    )
    tags: Annotated[dict[str, str], Field(description="Further tags of all that is made, as a JSON mapping.")] = Field(
        default_factory=dict
    )
    app_insights: Annotated[bool, Field(description="Whether logs and metrics go to Application Insights.")] = False
    traffic: Annotated[
        int, Field(ge=0, le=100, description="Percent of the requests for the new model; the old one gets the rest.")
    ] = 100
    mirror: Annotated[
        int, Field(ge=0, le=50, description="Percent of requests that are copied to the new model, with traffic=0.")
    ] = 0
    batch_compute: Annotated[str | None, Field(min_length=1, description="The cluster that runs batch jobs.")] = None
    start_timeout: Annotated[int, Field(ge=1, description="Seconds that a container has to become ready.")] = 600
    operation_timeout: Annotated[
        int, Field(ge=1, description="Seconds to wait for an operation of Azure's other than the deployment itself.")
    ] = 1800

    @field_validator("kind", mode="before")
    @classmethod
    def _exists(cls, kind: Any) -> Any:
        """Refuse what the old SDK deployed to, with what there is in its place."""
        if str(kind).lower() in {"aci", "aks"}:
            raise ValueError(
                "Azure has removed web services on ACI and AKS; use kind=managed, or kind=kubernetes with the cluster "
                "attached as a compute"
            )
        return kind

    @field_validator("tags")
    @classmethod
    def _taggable(cls, tags: dict[str, str]) -> dict[str, str]:
        for name, value in tags.items():
            if not _TAG.fullmatch(name) or len(value) > 256:  # noqa: PLR2004 - Azure's limit
                raise ValueError(f"Azure takes no tag {name!r}: at most 512 characters without <>%&\\?/, values of 256")
            if name.startswith("modelpack"):
                raise ValueError(f"the tag {name!r} is modelpack's own")
        if len(tags) > _MOST_TAGS:
            raise ValueError(f"there are {len(tags)} tags, and {_MOST_TAGS} are the most")
        return tags

    @model_validator(mode="after")
    def _fits(self) -> AzureMLOptions:
        wrong = [reason for unfit, reason in self._misfits() if unfit]
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    def _misfits(self) -> list[tuple[bool, str]]:
        managed, longest = self.kind == "managed", LONGEST_REQUEST[self.kind]
        return [
            (self.image is not None and self.base_image is not None, "image and base_image exclude each other"),
            (managed and self.compute is not None, "compute needs kind=kubernetes"),
            (not managed and self.compute is None, "kind=kubernetes needs compute, the name of the attached cluster"),
            (
                managed and self.autoscaling is not None,
                "autoscaling needs kind=kubernetes; rules of Azure Monitor scale the others (`az monitor autoscale`)",
            ),
            (managed and self.resources is not None, "resources needs kind=kubernetes; choose an instance_type"),
            (not managed and not self.egress, "egress=false needs kind=managed"),
            (not managed and self.mirror > 0, "mirror needs kind=managed"),
            (self.mirror > 0 and self.traffic > 0, "mirror needs traffic=0: the new model gets copies only"),
            (
                self.request_timeout > longest,
                f"request_timeout {self.request_timeout:g} is more than the {longest} s of {self.kind} endpoints",
            ),
        ]

    def settings(self) -> dict[str, Any]:
        """What changes what stands, as plain values; of the environment only the names."""
        return self.model_dump(mode="json", exclude=_ELSEWHERE | _WAITING)

    def readiness_probe(self) -> Probe:
        """The probe that decides when a container gets requests."""
        probe = self.readiness or Probe()
        if self.readiness is not None:
            return probe
        return probe.model_copy(update={"failure_threshold": max(1, -(-self.start_timeout // probe.period))})

    def machines(self) -> str | None:
        """The type of the machines; None lets a cluster choose."""
        default = "Standard_DS3_v2" if self.kind == "managed" else None
        return self.instance_type or default

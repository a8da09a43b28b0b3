"""What `-o key=value` takes for this target."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AliasChoices, Field, SecretStr, model_validator

from modelpack import PluginOptions

PREFIX = "modelpack"
_NOT_SETTINGS = {"region", "profile", "bucket", "prefix", "archive", "rollout", "mode"}
"""Options that say where to deploy, or how to get there."""


class Vpc(PluginOptions):
    """The network that the containers are in."""

    security_groups: Annotated[
        tuple[str, ...],
        Field(validation_alias=AliasChoices("security_groups", "SecurityGroupIds"), description="Security groups."),
    ]
    subnets: Annotated[
        tuple[str, ...], Field(validation_alias=AliasChoices("subnets", "Subnets"), description="Subnets.")
    ]


class Serverless(PluginOptions):
    """An endpoint without instances of its own."""

    memory: Annotated[int, Field(multiple_of=1024, description="Megabytes, a multiple of 1024.")] = 2048
    max_concurrency: Annotated[int, Field(description="The most requests at a time.")] = 5
    provisioned: Annotated[int | None, Field(description="For how many requests it is kept warm.")] = None

    @model_validator(mode="after")
    def _fits(self) -> Serverless:
        if self.provisioned is not None and self.provisioned > self.max_concurrency:
            raise ValueError(f"provisioned {self.provisioned} is more than max_concurrency {self.max_concurrency}")
        return self


class Asynchronous(PluginOptions):
    """An endpoint that answers into S3."""

    output: Annotated[str | None, Field(description="Where answers go; by default into the bucket.")] = None
    failures: Annotated[str | None, Field(description="Where failures go; by default beside the answers.")] = None
    max_concurrent: Annotated[int | None, Field(description="The most requests at a time for each instance.")] = None
    success_topic: Annotated[str | None, Field(description="The SNS topic that is told of answers.")] = None
    error_topic: Annotated[str | None, Field(description="The SNS topic that is told of failures.")] = None


class DataCapture(PluginOptions):
    """What is kept of requests and answers."""

    enabled: Annotated[bool, Field(description="Whether anything is.")] = True
    percentage: Annotated[int, Field(description="Of how many requests in a hundred.")] = 100
    destination: Annotated[str | None, Field(description="Where it goes; by default into the bucket.")] = None
    capture: Annotated[tuple[Literal["Input", "Output"], ...], Field(description="Requests, answers, or both.")] = (
        "Input",
        "Output",
    )


class Autoscaling(PluginOptions):
    """How the number of instances follows the requests."""

    min: Annotated[int, Field(ge=0, description="The fewest instances.")] = 1
    max: Annotated[int, Field(ge=1, description="The most instances.")]
    target_invocations: Annotated[float, Field(gt=0, description="Requests a minute that each instance shall have.")]
    scale_in_cooldown: Annotated[int, Field(ge=0, description="Seconds to wait after instances were removed.")] = 300
    scale_out_cooldown: Annotated[int, Field(ge=0, description="Seconds to wait after instances were added.")] = 300

    @model_validator(mode="after")
    def _fits(self) -> Autoscaling:
        if self.max < self.min:
            raise ValueError(f"max {self.max} is less than min {self.min}")
        return self


class Rollout(PluginOptions):
    """How an update moves the traffic."""

    kind: Annotated[
        Literal["all_at_once", "canary", "linear"],
        Field(description="All requests at once, a part of them first, or one part after the other."),
    ] = "all_at_once"
    percent: Annotated[int, Field(ge=1, le=50, description="How large the canary or a linear step is, in percent.")] = (
        10
    )
    wait: Annotated[int, Field(description="Seconds after each part, in which alarms are watched.")] = 300
    terminate_after: Annotated[int, Field(description="Seconds until the instances before are ended.")] = 0
    timeout: Annotated[int | None, Field(description="Seconds that all of it may take.")] = None
    alarms: Annotated[tuple[str, ...], Field(description="CloudWatch alarms that let SageMaker go back.")] = ()


class SageMakerOptions(PluginOptions):
    """Where and how a model is deployed."""

    region: Annotated[str | None, Field(description="The region; by default that of the AWS configuration.")] = None
    profile: Annotated[str | None, Field(description="The profile of the AWS configuration.")] = None
    role: Annotated[
        str | None, Field(description="The role, name or ARN, that SageMaker acts as; by default the caller's own.")
    ] = None
    bucket: Annotated[
        str | None,
        Field(description="The bucket for the model; by default modelpack-sagemaker-REGION-ACCOUNT, which is made."),
    ] = None
    prefix: Annotated[
        str, Field(pattern=r"^[\w.=-]+(/[\w.=-]+)*$", description="What keys in the bucket begin with.")
    ] = PREFIX
    image: Annotated[
        str | None,
        Field(
            min_length=1,
            description="The image of the scoring server, in ECR; {digest} are the first 12 digits of the model's.",
        ),
    ] = None
    instance_type: Annotated[str, Field(description="The instances.")] = "ml.m5.large"
    instance_count: Annotated[int, Field(description="How many instances.")] = 1
    mode: Annotated[
        Literal["create", "add", "replace"],
        Field(
            description="`create` refuses a name that is deployed, `replace` takes its place, `add` sets the model "
            "beside the others, without traffic."
        ),
    ] = "replace"
    flavor: Annotated[
        Literal["python_function", "mleap"] | None,
        Field(description="The view of the model that is served; by default mleap where the model has it."),
    ] = None
    env: Annotated[dict[str, SecretStr], Field(description="Further variables of the containers; never shown.")] = (
        Field(default_factory=dict)
    )
    vpc: Annotated[Vpc | None, Field(description="Security groups and subnets, as JSON.")] = None
    network_isolation: Annotated[bool, Field(description="Whether the containers reach nothing outside.")] = False
    kms_key: Annotated[str | None, Field(description="The key that encrypts volumes and the model's archive.")] = None
    tags: Annotated[dict[str, str], Field(description="Further tags of everything, as JSON.")] = Field(
        default_factory=dict
    )
    startup_timeout: Annotated[
        int | None, Field(description="Seconds until a container has to answer its health check.")
    ] = None
    download_timeout: Annotated[int | None, Field(description="Seconds in which the model has to be fetched.")] = None
    data_capture: Annotated[
        DataCapture | None, Field(description="What is kept of requests, as JSON; by default as it was.")
    ] = None
    serverless: Annotated[Serverless | None, Field(description="No instances: memory and concurrency, as JSON.")] = None
    asynchronous: Annotated[Asynchronous | None, Field(description="Answers go to S3, as JSON.")] = None
    autoscaling: Annotated[Autoscaling | None, Field(description="How instances follow the requests, as JSON.")] = None
    shadow: Annotated[
        float | None,
        Field(gt=0, le=100, description="Percent of the requests that this model gets too; others answer them."),
    ] = None
    rollout: Annotated[Rollout | None, Field(description="How an update moves the traffic, as JSON.")] = None
    archive: Annotated[bool, Field(description="Whether models, configurations and archives are kept.")] = False

    @model_validator(mode="after")
    def _fits(self) -> SageMakerOptions:
        for first, second in (
            ("serverless", "asynchronous"),
            ("serverless", "autoscaling"),
            ("serverless", "shadow"),
            ("serverless", "vpc"),
            ("serverless", "network_isolation"),
            ("asynchronous", "shadow"),
            ("serverless", "data_capture"),
            ("asynchronous", "data_capture"),
        ):
            if getattr(self, first) and getattr(self, second):
                raise ValueError(f"{first} and {second} do not go together at SageMaker")
        if self.mode == "add" and (self.serverless or self.asynchronous):
            raise ValueError("endpoints that are serverless or asynchronous have one variant; leave out mode=add")
        if self.shadow is not None and self.mode != "replace":
            raise ValueError(f"a shadow stands beside what serves; leave out mode={self.mode}")
        return self

    def settings(self) -> dict[str, Any]:
        """What changes what stands, as plain values; of the environment only the names."""
        kept = self.model_dump(mode="json", exclude=_NOT_SETTINGS)
        return {**kept, "add": True} if self.mode == "add" else kept

    def environment(self) -> dict[str, str]:
        """The caller's variables, with their values."""
        return {name: value.get_secret_value() for name, value in self.env.items()}

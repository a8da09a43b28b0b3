"""A wish as SageMaker's own requests."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from modelpack.deployments.records import revision_of
from modelpack.schema.mlmodel import MLmodel
from modelpack_deploy_sagemaker import names
from modelpack_deploy_sagemaker.flavors import chosen_flavor, container_variables
from modelpack_deploy_sagemaker.variants import data_capture, deployment_config, production_variants, shadow_variants

if TYPE_CHECKING:
    from modelpack.deployments.records import DeployRequest
    from modelpack_deploy_sagemaker.account import Account
    from modelpack_deploy_sagemaker.options import Asynchronous, SageMakerOptions
    from modelpack_deploy_sagemaker.survey import Standing

GRACE = "25"
"""Seconds for requests at hand; SageMaker kills a container 30 s after it has told it to end."""

Request = dict[str, Any]


@dataclass(frozen=True)
class Wish:
    """What shall stand.

    Attributes:
        request: What the caller wants.
        account: Where.
        standing: What stands, for what is kept of it.
    """

    request: DeployRequest[SageMakerOptions]
    account: Account
    standing: Standing

    @property
    def name(self) -> str:
        """The deployment's name."""
        return self.request.name

    @property
    def options(self) -> SageMakerOptions:
        """The options."""
        return self.request.options

    @cached_property
    def revision(self) -> str:
        """Which revision it is."""
        return revision(self.request)

    @property
    def model_name(self) -> str:
        """What the model and its variant are called."""
        return names.model_name(self.name, self.revision)

    @property
    def config_name(self) -> str:
        """What the endpoint's configuration is called."""
        return names.config_name(self.name, self.revision)

    @property
    def key(self) -> str:
        """Where in the bucket the archive lies."""
        return names.archive_key(self.options.prefix, self.name, self.revision)

    @property
    def archive_uri(self) -> str:
        """The archive's URI."""
        return f"s3://{self.account.bucket}/{self.key}"

    @cached_property
    def flavor(self) -> str:
        """Whose view of the model is served (S126).

        Raises:
            DeployError: The model has no such view.
        """
        return chosen_flavor(MLmodel.load(self.request.model_path), self.options.flavor)

    @property
    def tags(self) -> dict[str, str]:
        """The marks of everything, the caller's and ours."""
        ours = {names.NAME: self.name, names.REVISION: self.revision, names.DIGEST: self.request.digest}
        return {**self.options.tags, **ours}

    def model(self, *, shown: bool = False) -> Request:
        """The request for the model (S130).

        Args:
            shown: Whether it is for people to see: then without the values of the caller's variables.
        """
        options = self.options
        own = dict.fromkeys(options.env, "**********") if shown else options.environment()
        environment = {
            **container_variables(self.flavor, self.request.digest),
            "MODELPACK_GRACE": GRACE,
            **own,
        }
        asked: Request = {
            "ModelName": self.model_name,
            "PrimaryContainer": {
                "ContainerHostname": f"mfs-{self.model_name}"[:63].rstrip("-"),
                "Image": self.account.image(self.request.digest),
                "ModelDataUrl": self.archive_uri,
                "Environment": environment,
            },
            "ExecutionRoleArn": self.account.role,
            "EnableNetworkIsolation": options.network_isolation,
            "Tags": names.as_tags(self.tags),
        }
        if options.vpc is not None:
            asked["VpcConfig"] = {
                "SecurityGroupIds": list(options.vpc.security_groups),
                "Subnets": list(options.vpc.subnets),
            }
        return asked

    def config(self) -> Request:
        """The request for the endpoint's configuration."""
        options = self.options
        asked: Request = {
            "EndpointConfigName": self.config_name,
            "ProductionVariants": production_variants(self),
            "Tags": names.as_tags({**self.tags, "app_name": self.name, **self._scaling_tag()}),
        }
        if options.shadow is not None:
            asked["ShadowProductionVariants"] = shadow_variants(self)
        capture = data_capture(self)
        if capture is not None:
            asked["DataCaptureConfig"] = capture
        if options.asynchronous is not None:
            asked["AsyncInferenceConfig"] = self._asynchronous(options.asynchronous)
        if options.kms_key is not None and options.serverless is None:
            asked["KmsKeyId"] = options.kms_key
        return asked

    def endpoint(self, *, exists: bool) -> Request:
        """The request that creates the endpoint, or updates it."""
        asked: Request = {"EndpointName": self.name, "EndpointConfigName": self.config_name}
        if not exists:
            return {**asked, "Tags": names.as_tags({**self.options.tags, names.NAME: self.name})}
        rollout = self.options.rollout
        return asked if rollout is None else {**asked, "DeploymentConfig": deployment_config(rollout)}

    def _scaling_tag(self) -> dict[str, str]:
        scaling = self.options.autoscaling
        return {} if scaling is None else {names.SCALING: "/".join(f"{value:g}" for value in dict(scaling).values())}

    def _asynchronous(self, wanted: Asynchronous) -> Request:
        base = f"s3://{self.account.bucket}/{self.options.prefix}/{self.name}/async"
        output: Request = {"S3OutputPath": wanted.output or f"{base}/answers"}
        output["S3FailurePath"] = wanted.failures or f"{base}/failures"
        topics = {"SuccessTopic": wanted.success_topic, "ErrorTopic": wanted.error_topic}
        if any(topics.values()):
            output["NotificationConfig"] = {name: topic for name, topic in topics.items() if topic is not None}
        if self.options.kms_key is not None:
            output["KmsKeyId"] = self.options.kms_key
        client = {"MaxConcurrentInvocationsPerInstance": wanted.max_concurrent}
        return {"OutputConfig": output, **({"ClientConfig": client} if wanted.max_concurrent is not None else {})}


def revision(request: DeployRequest[SageMakerOptions]) -> str:
    """Which revision a request is."""
    return revision_of(request.digest, request.options.settings())


def documents(wish: Wish) -> dict[str, str]:
    """The requests as JSON, for `aws sagemaker create-model --cli-input-json` and its like."""
    exists = wish.standing.is_there
    requests = {
        f"{wish.name}-model.json": wish.model(shown=True),
        f"{wish.name}-endpoint-config.json": wish.config(),
        f"{wish.name}-{'update' if exists else 'create'}-endpoint.json": wish.endpoint(exists=exists),
    }
    return {name: json.dumps(request, indent=2) + "\n" for name, request in requests.items()}

"""The caller's account: its clients, and what follows from who the caller is."""

from __future__ import annotations

import re
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from modelpack.deployments.sharing import Shared
from modelpack.errors import DeployError
from modelpack_deploy_sagemaker.faults import in_words, no_region

if TYPE_CHECKING:
    from modelpack_deploy_sagemaker.options import SageMakerOptions

INVOCATION_TIMEOUT = 70
"""Seconds; SageMaker gives a model 60."""
_ASKED_ONCE = frozenset({"sagemaker-runtime", "service-quotas"})
"""What must not be asked twice, and what is not worth it."""
_ASSUMED = re.compile(r"arn:(?P<partition>[\w-]+):sts::(?P<account>\d{12}):assumed-role/(?P<role>[^/]+)/.+")


class Account:
    """Boto3's clients for one region, made when they are asked for."""

    def __init__(self, options: SageMakerOptions) -> None:
        """Nobody is asked before the first request."""
        self.options = options
        self._connections = _CONNECTIONS.of(options)

    def client(self, service: str) -> Any:
        """The client of a service."""
        return self._connections.client(service, self.region)

    @property
    def sagemaker(self) -> Any:
        """SageMaker."""
        return self.client("sagemaker")

    @property
    def s3(self) -> Any:
        """S3."""
        return self.client("s3")

    @cached_property
    def region(self) -> str:
        """The region.

        Raises:
            DeployError: Nobody has said which.
        """
        region: str | None = self.options.region or self._connections.session.get_config_variable("region")
        if region is None:
            raise no_region()
        return region

    @cached_property
    def identity(self) -> dict[str, str]:
        """Who the caller is: `Account` and `Arn`.

        Raises:
            DeployError: There are no credentials, or they are not valid.
        """
        with in_words("say who the caller is"):
            found: dict[str, str] = self.client("sts").get_caller_identity()
            return found

    @property
    def number(self) -> str:
        """The account's 12 digits."""
        return self.identity["Account"]

    @property
    def partition(self) -> str:
        """The part of AWS: `aws`, or `aws-cn` and its like."""
        return self.identity["Arn"].split(":")[1]

    @property
    def registry(self) -> str:
        """The host of the account's registry, ECR."""
        domain = {"aws-cn": "amazonaws.com.cn"}.get(self.partition, "amazonaws.com")
        return f"{self.number}.dkr.ecr.{self.region}.{domain}"

    @cached_property
    def role(self) -> str:
        """The ARN of the role that SageMaker acts as (S128).

        Raises:
            DeployError: None was named, and the caller has not assumed one.
        """
        named = self.options.role
        if named is not None and named.startswith("arn:"):
            return named
        if named is not None:
            return self._arn_of(named)
        assumed = _ASSUMED.fullmatch(self.identity["Arn"])
        if assumed is None:
            raise DeployError(
                f"no role was named, and the caller {self.identity['Arn']} has not assumed one",
                code="rejected",
                hint="name a role that trusts sagemaker.amazonaws.com with -o role=NAME_OR_ARN",
            )
        return self._arn_of(assumed["role"])

    @property
    def bucket(self) -> str:
        """The bucket for models (S128)."""
        return self.options.bucket or f"modelpack-sagemaker-{self.region}-{self.number}"

    def image(self, digest: str) -> str:
        """The image for a model, its digest put in.

        Raises:
            DeployError: None was named.
        """
        if self.options.image is None:
            raise DeployError(
                "no image was named",
                code="rejected",
                hint="push one with `modelpack sagemaker build-and-push-container -m MODEL`, and give -o image=IMAGE",
            )
        return self.options.image.replace("{digest}", digest.removeprefix("sha256:")[:12])

    def _arn_of(self, role: str) -> str:
        """The ARN of a role, with its path."""
        try:
            with in_words(f"look at the role {role}"):
                arn: str = self.client("iam").get_role(RoleName=role.rpartition("/")[2])["Role"]["Arn"]
                return arn
        except DeployError as error:
            if error.code != "permission_denied":
                raise DeployError(
                    error.message, code="rejected", hint="name a role of this account with -o role=NAME_OR_ARN"
                ) from error
            return f"arn:{self.partition}:iam::{self.number}:role/{role}"  # whoever may not look can still use it


class _Connections:
    """Boto3's session of a profile, and its clients: it takes a while to make them."""

    def __init__(self, profile: str | None) -> None:
        self._profile = profile
        self._clients: dict[tuple[str, str], Any] = {}

    def client(self, service: str, region: str) -> Any:
        """The client of a service in a region."""
        if (service, region) not in self._clients:
            from botocore.config import Config

            retries: Any = {"mode": "standard", "total_max_attempts": 1 if service in _ASKED_ONCE else 5}
            limit = INVOCATION_TIMEOUT if service == "sagemaker-runtime" else 60
            config = Config(retries=retries, read_timeout=limit, user_agent_extra="modelpack")
            with in_words(f"reach {service}"):
                made = self.session.create_client(service, region_name=region, config=config)
            self._clients[service, region] = made
        return self._clients[service, region]

    @cached_property
    def session(self) -> Any:
        """The session."""
        from botocore.session import Session

        with in_words("read the AWS configuration"):
            session = Session(profile=self._profile)
            session.register_component("data_loader", _descriptions())
            session.get_scoped_config()  # a profile that there is not is told now
            return session


_CONNECTIONS: Shared[SageMakerOptions, _Connections] = Shared(lambda options: _Connections(options.profile))


@cache
def _descriptions() -> Any:
    """Botocore's descriptions of the services: megabytes of JSON, which a session of its own would read again."""
    from botocore.session import Session

    return Session().get_component("data_loader")

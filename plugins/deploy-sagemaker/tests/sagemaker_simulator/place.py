"""What stands in one region, and the settings of the whole."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from modelpack.testing.warm_programs import WarmPrograms
    from sagemaker_simulator.account import Account
    from sagemaker_simulator.calls import Params
    from sagemaker_simulator.endpoint import Endpoint
    from sagemaker_simulator.transform_job import TransformJob

ACCOUNT = "123456789012"
"""The account that moto's backends stand for."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How the simulator behaves.

    Attributes:
        directory: Where models are unpacked.
        programs: What starts servers.
        delay: Seconds that each change of state takes at least; no wait of a deployment takes longer either.
        page_size: The most that a listing answers at a time.
        patience: Seconds until a container that does not pass its health check has failed, where it may take longer.
        region: Where images are pushed to.
        address: Host and port of the simulator, which is a registry too.
    """

    directory: Path
    programs: WarmPrograms
    delay: float
    page_size: int
    patience: float
    region: str
    address: str


@dataclass(frozen=True, slots=True)
class Image:
    """What is in an image.

    Attributes:
        model: The model directory that it holds at `/opt/ml/model`; None for an image without a model.
        environment: Its variables.
    """

    model: Path | None
    environment: Mapping[str, str]


@dataclass
class Record:
    """A model or an endpoint configuration, as it was asked for.

    Attributes:
        name: Its name.
        arn: Its ARN.
        content: What describing it answers, but for the rest of this.
        created: When it was created.
    """

    name: str
    arn: str
    content: Params
    created: float = field(default_factory=time.time)


class Place:
    """What stands in one region.

    Attributes:
        account: The account.
        region: The region.
        lock: Held while anything is read or changed.
    """

    def __init__(self, account: Account, region: str) -> None:
        self.account = account
        self.region = region
        self.models: dict[str, Record] = {}
        self.configs: dict[str, Record] = {}
        self.endpoints: dict[str, Endpoint] = {}
        self.jobs: dict[str, TransformJob] = {}
        self.tags: dict[str, dict[str, str]] = {}
        self.lock = threading.RLock()

    def arn(self, kind: str, name: str) -> str:
        """The ARN of what has this name, which SageMaker writes in lower case."""
        return f"arn:aws:sagemaker:{self.region}:{ACCOUNT}:{kind}/{name.lower()}"

    def tag(self, arn: str, tags: list[dict[str, Any]]) -> None:
        """Add tags to something."""
        self.tags.setdefault(arn, {}).update({tag["Key"]: tag["Value"] for tag in tags})

"""What one account holds in one region, and the settings of the whole."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sagemaker_simulator.failures import Failures
from sagemaker_simulator.work import Work

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sagemaker_simulator.calls import Call, Params
    from sagemaker_simulator.container import Container
    from sagemaker_simulator.endpoint import Endpoint
    from sagemaker_simulator.transform_job import TransformJob

ACCOUNT = "123456789012"
"""The account that moto's backends stand for."""

_USUAL_LIMIT = 20


@dataclass(frozen=True, slots=True)
class Settings:
    """How the simulator behaves.

    Attributes:
        directory: Where models are unpacked.
        delay: Seconds that each change of state takes at least; no wait of a deployment takes longer either.
        page_size: The most that a listing answers at a time.
        patience: Seconds until a container that does not pass its health check has failed, where it may take longer.
    """

    directory: Path
    delay: float
    page_size: int
    patience: float


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


class Account:
    """One account, from one reset to the next.

    Attributes:
        settings: How it behaves.
        failures: What is to fail.
        calls: Every request, in its order.
        images: What was pushed, by URI.
        work: What goes on in the background.
        containers: What runs.
        limits: How many instances there may be, where that is not the usual number.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.failures = Failures()
        self.calls: list[Call] = []
        self.images: dict[str, Image] = {}
        self.work = Work()
        self.containers: set[Container] = set()
        self.limits: dict[str, int] = {}
        self._places: dict[str, Place] = {}
        self._lock = threading.Lock()

    def place(self, region: str) -> Place:
        """What stands in a region."""
        with self._lock:
            return self._places.setdefault(region, Place(self, region))

    def limit(self, instance_type: str) -> int:
        """How many instances of a type there may be behind endpoints."""
        return self.limits.get(instance_type, _USUAL_LIMIT)

    def close(self) -> None:
        """End whatever goes on, and every server."""
        self.work.stop()
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda container: container.stop(), list(self.containers)))

    @property
    def places(self) -> list[Place]:
        """Every region that was asked for."""
        with self._lock:
            return list(self._places.values())


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

"""One account: what it holds in each region, and what goes on in it."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from sagemaker_simulator.failures import Failures
from sagemaker_simulator.place import Place
from sagemaker_simulator.registry import Registry
from sagemaker_simulator.work import Work

if TYPE_CHECKING:
    from sagemaker_simulator.calls import Call
    from sagemaker_simulator.container import Container
    from sagemaker_simulator.engine import RunCommand
    from sagemaker_simulator.place import Image, Settings

_USUAL_LIMIT = 20


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
        registry: What is behind ECR.
        hosts_images: Whether ECR says that it is here.
        run_command: How images are run; None for their server in a process of this Python.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.failures = Failures()
        self.calls: list[Call] = []
        self.images: dict[str, Image] = {}
        self.work = Work()
        self.containers: set[Container] = set()
        self.limits: dict[str, int] = {}
        self.registry = Registry(self)
        self.hosts_images = False
        self.run_command: RunCommand | None = None
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

"""Failures on demand."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from azure_simulator.messages import Call, ServiceError

if TYPE_CHECKING:
    from collections.abc import Sequence

MESSAGES = {
    "ImageBuildFailure": "The image build failed: see the build log in the workspace's storage.",
    "OutOfCapacity": "The specified VM size failed to provision due to a lack of Azure Machine Learning capacity.",
    "OutOfQuota": "Not enough quota available for the VM size in the subscription: request an increase.",
    "ResourceNotReady": "User container has crashed or terminated: readiness probe failed.",
}
"""The codes of "Troubleshoot online endpoints", with their messages."""


@dataclass
class Failing:
    """What fails, and how often.

    Attributes:
        pattern: What it concerns: the name of a deployment, or the method and path of a request.
        refusal: What is told.
        times: How often it happens still; None without end.
        log: What the container writes before.
    """

    pattern: str
    refusal: ServiceError
    times: int | None = None
    log: Sequence[str] = ()

    def takes(self, text: str) -> bool:
        """Whether it happens now."""
        if self.times == 0 or not re.fullmatch(self.pattern, text, re.IGNORECASE):
            return False
        if self.times is not None:
            self.times -= 1
        return True


class Faults:
    """What is to fail."""

    def __init__(self) -> None:
        """Let nothing fail."""
        self._lock = threading.Lock()
        self._requests: list[Failing] = []
        self._deployments: list[Failing] = []

    def refuse(self, pattern: str, refusal: ServiceError, times: int | None = None) -> None:
        """Refuse requests whose `METHOD /path` matches a pattern."""
        self._requests.append(Failing(pattern, refusal, times))

    def fail_deployment(self, pattern: str, code: str, message: str, times: int | None, log: Sequence[str]) -> None:
        """Let deployments whose names match a pattern fail after they were accepted."""
        refusal = ServiceError(400, code, message or MESSAGES.get(code, code))
        self._deployments.append(Failing(pattern, refusal, times, log))

    def check_request(self, call: Call) -> None:
        """Raise what a request is to fail with."""
        with self._lock:
            for each in self._requests:
                if each.takes(f"{call.method} {call.path}"):
                    raise each.refusal

    def of_deployment(self, name: str) -> Failing | None:
        """What a deployment is to fail with."""
        with self._lock:
            return next((each for each in self._deployments if each.takes(name)), None)

    def clear(self) -> None:
        """Let nothing fail any more."""
        self._requests.clear()
        self._deployments.clear()

"""What a test lets go wrong."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from botocore import xform_name

from sagemaker_simulator.refusals import Refusal, quota_exceeded

if TYPE_CHECKING:
    from sagemaker_simulator.calls import Call

_CAPACITY = (
    "Unable to provision requested ML compute capacity due to InsufficientInstanceCapacity error. "
    "Please retry using a different ML instance type or after some time."
)


class Failure(Enum):
    """A failure: of the request at once, or of the work that an accepted request begins.

    Attributes:
        THROTTLED: The request is one too many.
        ACCESS_DENIED: The caller may not.
        QUOTA_EXCEEDED: The account has no instances left.
        INTERNAL: The service answers 500, and does nothing.
        LOST_ANSWER: The service answers 500, but does it.
        HEALTH_CHECK: The containers do not pass their health check, whatever they answer.
        INSUFFICIENT_CAPACITY: AWS has no instances left.
        IMAGE_NOT_FOUND: The image cannot be pulled.
        MODEL_DATA: The model cannot be read.
        ROLLBACK: An update fails, and cannot be taken back either.
    """

    THROTTLED = "throttled"
    ACCESS_DENIED = "access-denied"
    QUOTA_EXCEEDED = "quota-exceeded"
    INTERNAL = "internal"
    LOST_ANSWER = "lost-answer"
    HEALTH_CHECK = "health-check"
    INSUFFICIENT_CAPACITY = "insufficient-capacity"
    IMAGE_NOT_FOUND = "image-not-found"
    MODEL_DATA = "model-data"
    ROLLBACK = "rollback"


AT_ONCE = frozenset({Failure.THROTTLED, Failure.ACCESS_DENIED, Failure.QUOTA_EXCEEDED, Failure.INTERNAL})
"""The request is refused; `LOST_ANSWER` does what was asked for, and answers as if it had not."""

REASONS = {
    Failure.INSUFFICIENT_CAPACITY: _CAPACITY,
    Failure.IMAGE_NOT_FOUND: (
        "Unable to locate at least 1 image(s) for production variant {variant}. Please make sure all images included "
        "in the model for the production variant {variant} exist, and that the execution role used to create the model "
        "has permissions to access them."
    ),
    Failure.MODEL_DATA: (
        'Failed to download model data for container "container_1" from URL: "{data}". Please ensure that there is an '
        "object located at the URL and that the role passed to CreateModel has permissions to download the object."
    ),
    Failure.HEALTH_CHECK: (
        "The primary container for production variant {variant} did not pass the ping health check. "
        "Please check CloudWatch logs for this endpoint."
    ),
}
"""The `FailureReason` of what fails later."""


@dataclass
class _Planned:
    operation: str
    failure: Failure
    times: int | None


class Failures:
    """The failures that are to come, each for one operation."""

    def __init__(self) -> None:
        self._planned: list[_Planned] = []
        self._lock = threading.Lock()

    def plan(self, operation: str, failure: Failure, times: int | None) -> None:
        """Let the next calls of an operation fail; all of them where `times` is None."""
        with self._lock:
            self._planned.append(_Planned(operation, failure, times))

    def clear(self) -> None:
        """Let nothing fail any more."""
        with self._lock:
            self._planned.clear()

    def next_of(self, operation: str) -> Failure | None:
        """The failure of this call of an operation, by its name in the model or in Python."""
        with self._lock:
            for each in self._planned:
                if each.operation in {operation, xform_name(operation)}:
                    return self._used(each)
        return None

    def _used(self, planned: _Planned) -> Failure:
        if planned.times is not None:
            planned.times -= 1
            if planned.times == 0:
                self._planned.remove(planned)
        return planned.failure


def refusal(failure: Failure, call: Call, account: str) -> Refusal:
    """How a service refuses a call."""
    if failure is Failure.THROTTLED:
        code = {"s3": "SlowDown", "iam": "Throttling", "sts": "Throttling"}.get(call.service, "ThrottlingException")
        return Refusal(code, "Rate exceeded", 503 if call.service == "s3" else 400)
    if failure is Failure.QUOTA_EXCEEDED:
        return quota_exceeded("ml.m5.large", 0, 0, 1)
    if failure is Failure.ACCESS_DENIED:
        action = f"{call.service.removesuffix('-runtime')}:{call.operation}"
        code = "AccessDenied" if call.service in {"s3", "iam", "sts"} else "AccessDeniedException"
        return Refusal(code, _denied(action, account), 403 if call.service in {"s3", "iam", "sts"} else 400)
    return Refusal("InternalFailure", "An internal error occurred.", 500)


def _denied(action: str, account: str) -> str:
    user = f"arn:aws:iam::{account}:user/simulated"
    because = f"because no identity-based policy allows the {action} action"
    return f"User: {user} is not authorized to perform: {action} {because}"

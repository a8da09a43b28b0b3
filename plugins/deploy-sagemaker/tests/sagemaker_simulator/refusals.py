"""What a service answers when it refuses a request, in the form of its protocol."""

from __future__ import annotations

import json
from xml.sax.saxutils import escape

from werkzeug.wrappers import Response


class Refusal(Exception):  # noqa: N818 - a refusal is what AWS answers, and no fault here
    """A request is refused.

    Attributes:
        code: AWS's code.
        message: AWS's sentence.
        status: The HTTP status.
        details: More members of the error.
    """

    def __init__(self, code: str, message: str, status: int = 400, details: dict[str, object] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.details = details or {}


def invalid(message: str) -> Refusal:
    """The refusal with which SageMaker answers whatever does not fit."""
    return Refusal("ValidationException", message)


def quota_exceeded(instance_type: str, limit: int, used: int, more: int) -> Refusal:
    """The refusal of more instances than an account may have."""
    return Refusal(
        "ResourceLimitExceeded",
        f"The account-level service limit '{instance_type} for endpoint usage' is {limit} Instances, with current "
        f"utilization of {used} Instances and a request delta of {more} Instances. Please use AWS Service Quotas to "
        "request an increase for this quota.",
    )


def response(refusal: Refusal, service: str) -> Response:
    """The answer of a service."""
    if service in {"s3", "iam", "sts"}:
        return Response(_xml(refusal, service), refusal.status, content_type="text/xml")
    content = {"__type": refusal.code, "message": refusal.message, "Message": refusal.message, **refusal.details}
    answer = Response(json.dumps(content), refusal.status, content_type="application/x-amz-json-1.1")
    answer.headers["x-amzn-ErrorType"] = refusal.code
    return answer


def _xml(refusal: Refusal, service: str) -> str:
    error = f"<Code>{refusal.code}</Code><Message>{escape(refusal.message)}</Message>"
    if service == "s3":
        return f"<Error>{error}<RequestId>simulated</RequestId></Error>"
    inner = f"<Error><Type>Sender</Type>{error}</Error><RequestId>simulated</RequestId>"
    return f"<ErrorResponse>{inner}</ErrorResponse>"

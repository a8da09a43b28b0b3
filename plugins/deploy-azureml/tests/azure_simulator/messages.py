"""What comes in and what goes out: calls, replies, and refusals in Azure's form."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """One request.

    Attributes:
        method: The verb.
        path: The path, unquoted.
        query: The first value of each parameter.
        headers: The headers; names in lower case.
        content: The body.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    content: bytes = b""

    def document(self) -> Document:
        """The body as a JSON object.

        Raises:
            ServiceError: It is none.
        """
        try:
            found = json.loads(self.content or b"{}")
        except ValueError as error:
            raise ServiceError(400, "InvalidRequestContent", f"The request content was invalid: {error}") from error
        if not isinstance(found, dict):
            raise ServiceError(400, "InvalidRequestContent", "The request content was invalid: an object was expected")
        return found


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer.

    Attributes:
        status: The HTTP status.
        content: The body; a document is sent as JSON.
        headers: Headers beside the length.
    """

    status: int = 200
    content: Document | str | bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    def body(self) -> bytes:
        """The body as it is sent."""
        if isinstance(self.content, dict):
            return json.dumps(self.content).encode()
        return self.content.encode() if isinstance(self.content, str) else self.content

    def content_type(self) -> str:
        """What the body is."""
        return "application/json" if isinstance(self.content, dict) else "application/octet-stream"


class ServiceError(Exception):
    """What Azure refuses, or what fails in it."""

    def __init__(
        self, status: int, code: str, message: str, *, details: tuple[str, ...] = (), retry_after: float | None = None
    ) -> None:
        """Refuse with a status, a code and a message; each detail is a message too."""
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = details
        self.retry_after = retry_after

    def error(self) -> Document:
        """The error as Azure tells it."""
        details = [{"code": self.code, "message": each} for each in self.details]
        return {"code": self.code, "message": self.message, "details": details}

    def reply(self) -> Reply:
        """The answer that tells of it."""
        headers = {"x-ms-error-code": self.code}
        if self.retry_after is not None:
            headers["Retry-After"] = f"{self.retry_after:g}"
        return Reply(self.status, {"error": self.error()}, headers)

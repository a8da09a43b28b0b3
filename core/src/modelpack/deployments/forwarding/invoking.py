"""Sending one invocation to a scoring server over HTTP."""

from __future__ import annotations

import http.client
import json
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from modelpack.deployments.records import InvocationAnswer
from modelpack.errors import DeployError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelpack.deployments.records import Invocation

_SECONDS = 300.0


def invoke(endpoint: str, invocation: Invocation, headers: Mapping[str, str] | None = None) -> InvocationAnswer:
    """Send an invocation to the scoring server at a URL.

    Args:
        endpoint: The server's URL, `http://…`.
        invocation: What to send.
        headers: Further headers.

    Raises:
        DeployError: The server does not answer (`unreachable`), or it refused the request or failed
            (`invocation_failed`); the message holds what it said.
    """
    try:
        status, content_type, body = _exchange(endpoint, invocation, headers or {})
    except (OSError, http.client.HTTPException) as error:
        raise DeployError(
            f"{endpoint} does not answer: {str(error) or type(error).__name__}", code="unreachable"
        ) from error
    if status != HTTPStatus.OK:
        raise DeployError(f"the scoring server answered {status}: {refusal(body)}", code="invocation_failed")
    return InvocationAnswer(body=body, content_type=content_type)


def _exchange(endpoint: str, invocation: Invocation, headers: Mapping[str, str]) -> tuple[int, str, bytes]:
    place = urlsplit(endpoint)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=_SECONDS)
    wanted = {} if invocation.accept is None else {"Accept": invocation.accept}
    try:
        sent = {"Content-Type": invocation.content_type, **wanted, **headers}
        connection.request("POST", f"{place.path}/invocations", invocation.body, sent)
        answer = connection.getresponse()
        return answer.status, answer.headers.get("Content-Type", ""), answer.read()
    finally:
        connection.close()


def refusal(body: bytes) -> str:
    """What the scoring server says is wrong, with its hint; its whole answer when it has another form."""
    try:
        content = json.loads(body)
        return " ".join(filter(None, (content["message"], content.get("hint"))))
    except (ValueError, KeyError, TypeError, AttributeError):
        return body[:1000].decode("utf-8", "replace")

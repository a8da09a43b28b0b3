"""Errors as the protocol writes them: `{"error": …}`, with the same statuses as everywhere else."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

import orjson

from modelpack.serving.errors import error_response, json_response

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import Scope

_PATHS = ("/v2", "/v1/")
_OF_THE_BODY = {"content-length", "content-type"}


def failure(error: Exception, *, debug: bool) -> Response:
    """The answer to a request that failed."""
    return as_failure(error_response(error, debug=debug))


def response_to(path: str, error: Exception, *, debug: bool) -> Response:
    """The answer to a request that failed, in the form that the clients of its path know."""
    return failure(error, debug=debug) if path.startswith(_PATHS) else error_response(error, debug=debug)


def as_failure(answer: Response) -> Response:
    """An error in the form of the other routes, in the protocol's."""
    content = orjson.loads(bytes(answer.body))
    message, hint = content["message"], content.get("hint")
    told = {"error": message if hint is None else f"{message}; {hint}"}
    trace = {"stack_trace": content["stack_trace"]} if "stack_trace" in content else {}
    headers = {name: value for name, value in answer.headers.items() if name not in _OF_THE_BODY}
    return json_response({**told, **trace}, answer.status_code, headers)


def wrong_method(scope: Scope, *allowed: str) -> Response:
    """The answer to a method that a path does not take."""
    message = f"{scope['path']} does not take {scope['method']}"
    return refused(HTTPStatus.METHOD_NOT_ALLOWED, message, {"Allow": ", ".join(allowed)})


def refused(status: int, message: str, headers: dict[str, str] | None = None) -> Response:
    """The answer to a request for what the server does not have."""
    return json_response({"error": message}, status, headers)

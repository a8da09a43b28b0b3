"""Errors as HTTP answers: one table from class to status."""

from __future__ import annotations

import logging
import math
import traceback
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar

import orjson
from starlette.exceptions import HTTPException
from starlette.responses import Response

from modelpack.errors import (
    DataFormatError,
    DataTooLargeError,
    InvalidArgumentError,
    MissingDependencyError,
    ModelpackError,
    SchemaError,
    UnsupportedMediaTypeError,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from starlette.requests import Request

LOGGER = logging.getLogger("modelpack.serving")
SAFE = {"X-Content-Type-Options": "nosniff"}
"""Headers of every answer: browsers shall not guess another type."""
SAFE_HEADERS = [(name.lower().encode(), value.encode()) for name, value in SAFE.items()]
"""The same as ASGI has them."""


class BodyTooLargeError(DataTooLargeError):
    """The request body is larger than the server accepts."""


class RequestTimeoutError(ModelpackError):
    """The model took longer than a request may."""

    error_code = "DEADLINE_EXCEEDED"


class TooBusyError(ModelpackError):
    """As many requests wait for the model already as may, or longer than this one would."""

    error_code = "RESOURCE_EXHAUSTED"

    def __init__(self, message: str, *, hint: str | None = None, seconds: float = 1.0) -> None:
        """Ask the client to come again when so many seconds have passed."""
        super().__init__(message, hint=hint)
        self.headers = {"Retry-After": str(max(1, math.ceil(seconds)))}


class ModelHangsError(TooBusyError):
    """Every thread that may work for the model is held by a call that does not return."""

    error_code = "TEMPORARILY_UNAVAILABLE"


class ShuttingDownError(ModelpackError):
    """The server was stopped, and the model was not done in the time that was left."""

    error_code = "SHUTTING_DOWN"


class NotAcceptableError(ModelpackError):
    """The client accepts no format that the server writes."""

    error_code = "NOT_ACCEPTABLE"


class IncompleteBodyError(DataFormatError):
    """The client went away before its request was complete."""


class SlowBodyError(ModelpackError):
    """The request came too slowly; what is left of it is not waited for."""

    error_code = "REQUEST_TIMEOUT"
    headers: ClassVar[Mapping[str, str]] = {"Connection": "close"}


class ContentEncodingError(UnsupportedMediaTypeError):
    """The body is in a content encoding that the server does not undo."""

    headers: ClassVar[Mapping[str, str]] = {"Accept-Encoding": "gzip, deflate, zstd"}


class ApiKeyError(ModelpackError):
    """The request brings none of the server's API keys."""

    error_code = "UNAUTHENTICATED"
    headers: ClassVar[Mapping[str, str]] = {"WWW-Authenticate": 'Bearer realm="modelpack"'}


class CrossSiteError(ModelpackError):
    """A browser sends the request for a page of another site."""

    error_code = "PERMISSION_DENIED"


class WrongHostError(ModelpackError):
    """The request is for a server of another name."""

    error_code = "WRONG_HOST"


STATUS: dict[type[ModelpackError], int] = {
    DataFormatError: HTTPStatus.BAD_REQUEST,
    InvalidArgumentError: HTTPStatus.BAD_REQUEST,
    ApiKeyError: HTTPStatus.UNAUTHORIZED,
    CrossSiteError: HTTPStatus.FORBIDDEN,
    NotAcceptableError: HTTPStatus.NOT_ACCEPTABLE,
    SlowBodyError: HTTPStatus.REQUEST_TIMEOUT,
    DataTooLargeError: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    UnsupportedMediaTypeError: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    WrongHostError: HTTPStatus.MISDIRECTED_REQUEST,
    MissingDependencyError: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    SchemaError: HTTPStatus.UNPROCESSABLE_ENTITY,
    TooBusyError: HTTPStatus.TOO_MANY_REQUESTS,
    ModelHangsError: HTTPStatus.SERVICE_UNAVAILABLE,
    ShuttingDownError: HTTPStatus.SERVICE_UNAVAILABLE,
    RequestTimeoutError: HTTPStatus.GATEWAY_TIMEOUT,
}
"""Every other error is the server's or the model's: 500."""


def status_of(error: BaseException) -> int:
    """The HTTP status that says whose mistake an error is."""
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), HTTPStatus.INTERNAL_SERVER_ERROR)


def error_response(error: Exception, *, debug: bool) -> Response:
    """The answer to a request that failed: `{"error_code", "message"}`, a `hint` when there is one.

    An error may bring `headers` for its answer as an attribute.
    What is not a `ModelpackError` is a bug: it is logged and, without `debug`, not shown.
    """
    status = status_of(error)
    if isinstance(error, ModelpackError):
        content = {"error_code": error.error_code, "message": error.message}
        if error.hint is not None:
            content["hint"] = error.hint
    else:
        content = {"error_code": "INTERNAL_ERROR", "message": "the server failed; its log says how"}
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        LOGGER.error("%s", error, exc_info=error)
    if debug:
        content["stack_trace"] = "".join(traceback.format_exception(error))
    sendable = {key: text.encode(errors="backslashreplace").decode() for key, text in content.items()}
    return json_response(sendable, status, getattr(error, "headers", None))


def json_response(content: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer."""
    return Response(
        orjson.dumps(content), status_code=status, headers={**SAFE, **(headers or {})}, media_type="application/json"
    )


_ROUTING_CODES = {404: "RESOURCE_DOES_NOT_EXIST", 405: "METHOD_NOT_ALLOWED"}


def wrong_method(path: str, method: str, *allowed: str) -> Response:
    """The answer to a method that a path does not take."""
    content = {"error_code": _ROUTING_CODES[HTTPStatus.METHOD_NOT_ALLOWED], "message": f"{path} does not take {method}"}
    return json_response(content, HTTPStatus.METHOD_NOT_ALLOWED, {"Allow": ", ".join(allowed)})


async def routing_error(request: Request, error: Exception) -> Response:
    """The answer to a path or method that the server does not have."""
    if not isinstance(error, HTTPException):
        raise error
    path = request.url.path
    messages = {404: f"there is nothing at {path}", 405: f"{path} does not take {request.method}"}
    content = {
        "error_code": _ROUTING_CODES.get(error.status_code, "BAD_REQUEST"),
        "message": messages.get(error.status_code, error.detail),
    }
    return json_response(content, error.status_code, error.headers)


def failure_handler(*, debug: bool) -> Callable[[Request, Exception], Awaitable[Response]]:
    """What answers a request that an error left outside of the model, with its traceback only if `debug`."""

    async def handle(request: Request, error: Exception) -> Response:  # noqa: ARG001 - Starlette passes both
        return error_response(error, debug=debug)

    return handle

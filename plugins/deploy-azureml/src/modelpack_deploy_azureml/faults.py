"""What goes wrong at Azure, in modelpack's words."""

from __future__ import annotations

from contextlib import contextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from modelpack.errors import DeployError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SENTENCES = 3
"""How many of an error's details are told."""


class AbsentError(DeployError):
    """There is no such resource."""


@contextmanager
def in_words() -> Iterator[None]:
    """Turn the exceptions of Azure's libraries into errors that say what to do."""
    from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError, ServiceRequestError

    try:
        yield
    except ClientAuthenticationError as error:
        raise _no_credentials(error) from error
    except HttpResponseError as error:
        raise refusal(error.status_code or 0, _body(error), str(error.message)) from error
    except ServiceRequestError as error:
        raise _unreachable(error) from error
    except AzureError as error:
        raise _unreachable(error) from error


def refusal(status: int, body: Mapping[str, Any], otherwise: str = "") -> DeployError:
    """The error behind an answer that is no success."""
    said = reason_of(body) or otherwise or f"status {status}"
    if status == HTTPStatus.NOT_FOUND:
        return AbsentError(said, code="not_deployed")
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return DeployError(
            f"Azure forbids it: {said}",
            code="permission_denied",
            hint="the account needs the permissions that --dry-run lists, such as the role AzureML Data Scientist",
        )
    if status in {HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED}:
        return DeployError(f"somebody else is changing it: {said}", code="conflict", hint="try again when that is done")
    if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return DeployError(f"Azure fails: {said}", code="unreachable")
    return DeployError(f"Azure refuses it: {said}", code="rejected")


def reason_of(body: Mapping[str, Any]) -> str:
    """What an error body of Azure Resource Manager says: code and message, and the details behind them."""
    error = body.get("error") or {}
    found = _flattened(error) if isinstance(error, dict) else []
    return "; ".join(dict.fromkeys(found[: _SENTENCES + 1]))


def _flattened(error: Mapping[str, Any]) -> list[str]:
    own = ": ".join(str(error[key]).strip() for key in ("code", "message") if error.get(key))
    inner = [each for detail in error.get("details") or () for each in _flattened(detail)]
    return [own, *inner] if own else inner


def _body(error: Any) -> Mapping[str, Any]:
    """The body of the answer that an exception is about."""
    try:
        content = error.response.json()
    except Exception:  # noqa: BLE001 - whatever came instead, the message is told
        return {}
    return content if isinstance(content, dict) else {}


def _no_credentials(error: Exception) -> DeployError:
    first = str(error).strip().splitlines()[0]
    return DeployError(
        f"Azure does not know who asks: {first}",
        code="permission_denied",
        hint="log in with `az login`, or give AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET",
    )


def _unreachable(error: Exception) -> DeployError:
    return DeployError(f"Azure does not answer: {error}", code="unreachable")

"""HTTP to a registry: retries, redirects that carry no credentials elsewhere, errors that say what to do."""

from __future__ import annotations

import re
import time
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from modelpack.data.libraries import require
from modelpack.errors import ModelpackError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from urllib3 import BaseHTTPResponse, PoolManager, Retry

ATTEMPTS = 5
_CONNECT_TIMEOUT = 10
_READ_TIMEOUT = 120
_CONNECTIONS = 4
_LONGEST_WAIT = 60
_PASSING = (408, 429, 500, 502, 503, 504)
_SHOWN = 300


class RegistryError(ModelpackError):
    """A registry cannot be reached, refuses, or answers what it should not."""

    error_code = "REGISTRY_ERROR"


class UnreachableError(RegistryError):
    """There is no answer, or it broke off; another attempt may get one."""


class Transport:
    """Requests to registries, over HTTPS with the certificates that the machine trusts.

    Needs the extra `images`, which is asked for when the first request is made.

    Args:
        backoff: Seconds before the second retry of a request; the next ones wait twice as long each.
    """

    def __init__(self, *, backoff: float = 0.5) -> None:
        self._backoff = backoff
        self._pools: dict[str | None, PoolManager] = {}

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | IO[bytes] | None = None,
        fields: Mapping[str, str] | Sequence[tuple[str, str]] | None = None,
        again: bool = True,
    ) -> BaseHTTPResponse:
        """Send a request and read the head of the answer; the body is left to be read.

        Answers that pass (429, 5xx) and broken connections are tried again, when the registry says or ever later. A
        redirect to another host is followed without `Authorization`.

        Args:
            method: The HTTP method.
            url: Where to.
            headers: Its headers.
            body: Its body.
            fields: The query of a GET, or the form of a POST.
            again: Whether to try again at all.

        Raises:
            UnreachableError: There is no answer.
        """
        extra: dict[str, Any] = {"body": body} if fields is None else {"fields": fields}
        if fields is not None and method == "POST":
            extra["encode_multipart"] = False
        with reading(url):
            response: BaseHTTPResponse = self._pool(url).request(
                method, url, headers=dict(headers), preload_content=False, retries=self._retries(again=again), **extra
            )
        return response

    def pause(self, attempt: int) -> None:
        """Wait before something that takes several requests is tried again as a whole."""
        time.sleep(self._backoff * 2 ** (attempt - 1))

    @property
    def _urllib3(self) -> Any:
        return require("urllib3", "images")

    def close(self) -> None:
        """End the connections."""
        for pool in self._pools.values():
            pool.clear()

    def _retries(self, *, again: bool) -> Retry:
        retries: Retry = self._urllib3.Retry(
            total=None,
            connect=ATTEMPTS - 1 if again else 0,
            read=ATTEMPTS - 1 if again else 0,
            status=ATTEMPTS - 1 if again else 0,
            redirect=5,
            allowed_methods=None,
            status_forcelist=_PASSING if again else (),
            backoff_factor=self._backoff,
            backoff_jitter=self._backoff / 2,
            raise_on_status=False,
            respect_retry_after_header=again,
            retry_after_max=_LONGEST_WAIT,
        )
        return retries

    def _pool(self, url: str) -> PoolManager:
        """One pool for direct requests and one for each proxy of the environment."""
        parts = urlsplit(url)
        proxy = None if proxy_bypass(parts.hostname or "") else getproxies().get(parts.scheme)
        if proxy not in self._pools:
            timeout = self._urllib3.Timeout(connect=_CONNECT_TIMEOUT, read=_READ_TIMEOUT)
            kind = self._urllib3.PoolManager if proxy is None else self._urllib3.ProxyManager
            self._pools[proxy] = kind(
                *filter(None, [proxy]), timeout=timeout, maxsize=_CONNECTIONS, headers={"User-Agent": "modelpack"}
            )
        return self._pools[proxy]


@contextmanager
def reading(url: str) -> Iterator[None]:
    """Turn what can go wrong on the way into an error that names the host.

    Raises:
        UnreachableError: It did go wrong.
    """
    urllib3 = require("urllib3", "images")
    host = urlsplit(url).netloc.rpartition("@")[2]
    try:
        yield
    except urllib3.exceptions.SSLError as error:
        raise UnreachableError(
            f"{host} cannot be trusted: {error}", hint="set SSL_CERT_FILE, or use --insecure for HTTP"
        ) from error
    except urllib3.exceptions.HTTPError as error:
        raise UnreachableError(
            f"{host} cannot be reached: {_cause(error)}", hint="check the name and the network"
        ) from error


def passes(response: BaseHTTPResponse) -> bool:
    """Whether the registry may answer otherwise in a while."""
    return response.status in _PASSING


def refusal(response: BaseHTTPResponse, what: str) -> RegistryError:
    """The error for an answer that is none: what a registry says in its body, by the specification, is shown.

    Args:
        response: The answer.
        what: What was asked for, such as `the manifest of docker.io/library/python:3.11`.
    """
    text = response.read(_SHOWN * 4).decode(errors="replace")
    response.close()
    messages = re.findall(r'"(?:message|details)"\s*:\s*"([^"]+)"', text)
    said = "; ".join(dict.fromkeys(messages)) or text.strip()
    shown = f": {said[:_SHOWN]}" if said and said.isprintable() else ""
    return RegistryError(f"{what}: the registry answers {response.status}{shown}", hint=_HINTS.get(response.status))


_HINTS = {
    401: "log in with docker login or podman login",
    403: "log in as someone who may do this, with docker login or podman login",
    404: "check the name, or log in: registries hide what one may not see",
    429: "wait, or log in: registries let users do more than strangers",
}


def _cause(error: BaseException) -> BaseException:
    reason = getattr(error, "reason", None)
    return reason if isinstance(reason, BaseException) else error

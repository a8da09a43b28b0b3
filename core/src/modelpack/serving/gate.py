"""Who may ask the server, decided from a request's head."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import ip_address
from typing import TYPE_CHECKING

from modelpack.serving.api_keys import ApiKeys
from modelpack.serving.errors import ApiKeyError, CrossSiteError, WrongHostError
from modelpack.serving.page.routes import PREFIX

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.types import Scope

    from modelpack.serving.settings import ServerSettings

_OPEN = frozenset({"/", "/docs", "/ping", "/health", "/v2/health/live", "/v2/health/ready"})
"""What load balancers and browsers load, who have no key: it tells nothing of the model but that it is there."""

_SAFE_METHODS = frozenset({"GET", "HEAD"})
_LOCAL_DOMAINS = (".localhost", ".internal")
"""No name in them is ever the Internet's; containers call their host `host.docker.internal`."""


def gate(settings: ServerSettings) -> Callable[[Scope, Mapping[bytes, bytes]], None] | None:
    """What raises an error for a request that may not pass, if there is anything to look at."""
    if settings.api_key_file is not None:
        return KeyGate(ApiKeys.from_file(settings.api_key_file))
    if settings.socket is None and (is_loopback(settings.host) or _is_name(settings.host)):
        return LoopbackGate(settings.host)
    return None


class KeyGate:
    """Asks for a key."""

    def __init__(self, keys: ApiKeys) -> None:
        """Let requests pass that bring one of the keys."""
        self._keys = keys

    def __call__(self, scope: Scope, headers: Mapping[bytes, bytes]) -> None:
        """Look at a request.

        Raises:
            ApiKeyError: It brings no key that is known.
        """
        if self._keys.accept(headers):
            return
        path = scope["path"]
        if scope["method"] not in _SAFE_METHODS or not (path in _OPEN or path.startswith(PREFIX)):
            raise ApiKeyError(
                "this server asks for an API key", hint="send it as Authorization: Bearer KEY, or as X-API-Key: KEY"
            )


class LoopbackGate:
    """Keeps other sites' pages in this machine's browsers from a server that only this machine can reach.

    Such a page can point a name of its own at 127.0.0.1 and then count as the server's own (DNS rebinding); its
    requests carry that name as `Host`. A page that stays under its own name can still send requests blindly; browsers
    tell the server so.
    """

    def __init__(self, host: str) -> None:
        """Let requests pass that call the server `host`, localhost or by an address."""
        names = {host.lower(), "localhost"}
        self._allows = lru_cache(maxsize=64)(lambda sent: (name := _name_of(sent)) in names or _is_safe(name))

    def __call__(self, scope: Scope, headers: Mapping[bytes, bytes]) -> None:
        """Look at a request.

        Raises:
            WrongHostError: It calls the server by a name that is not this machine's.
            CrossSiteError: A browser sends it for another site's page.
        """
        server = scope.get("server")
        if not server or not is_loopback(server[0]):
            return
        host = headers.get(b"host")
        if host is not None and not self._allows(host):
            raise WrongHostError(
                f"this server is not called {host[:100].decode('latin-1')}",
                hint="it listens for this machine alone: call it localhost, or let it ask for API keys",
            )
        if headers.get(b"sec-fetch-site") == b"cross-site" and scope["method"] not in _SAFE_METHODS:
            raise CrossSiteError("another site's page may not use this server")


@lru_cache(maxsize=64)
def is_loopback(host: str) -> bool:
    """Whether an address can be reached from its own machine only."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _is_safe(name: str) -> bool:
    """Whether no other site can point a name here: it is an address, or of a domain that nobody can own."""
    return not _is_name(name) or name.endswith(_LOCAL_DOMAINS)


def _is_name(host: str) -> bool:
    """Whether a host is a name, which may stand for any address, and no address itself."""
    try:
        ip_address(host)
    except ValueError:
        return True
    return False


def _name_of(host: bytes) -> str:
    """A `Host` header without its port and the brackets of IPv6."""
    text = host.decode("latin-1").strip().lower()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0]

"""How a registry is told who asks: Basic, or tokens of the server that it names (distribution-spec)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import parse_http_list, parse_keqv_list

from modelpack.images.oci.transport import RegistryError, Transport, reading, refusal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from urllib3 import BaseHTTPResponse

    from modelpack.images.oci.credentials import Credentials

_UNAUTHORIZED = 401
_LARGEST_TOKEN = 1 << 20
_CLIENT = "modelpack"


class Authentication:
    """The header `Authorization` for one registry, as its answers ask for it.

    Args:
        transport: How the token server is reached.
        credentials: Who asks; None asks as a stranger.
        plain: Whether the registry is spoken to over HTTP, so that its token server may be too.
    """

    def __init__(self, transport: Transport, credentials: Credentials | None, *, plain: bool) -> None:
        self._transport = transport
        self._credentials = credentials
        self._plain = plain
        self._headers: dict[tuple[str, ...], str] = {}

    def header(self, scopes: Sequence[str]) -> dict[str, str]:
        """What is sent unasked: what the registry has asked for before, for the same scopes."""
        value = self._headers.get(tuple(scopes))
        return {} if value is None else {"Authorization": value}

    def answer(self, response: BaseHTTPResponse, scopes: Sequence[str]) -> bool:
        """Do what an answer 401 asks for.

        Args:
            response: The answer.
            scopes: What will be done, such as `repository:team/model:pull,push`.

        Returns:
            Whether it is worth asking again, with the new `header`.

        Raises:
            RegistryError: The token server refuses, or would get the password over HTTP.
        """
        challenges = dict(map(_challenge, response.headers.getlist("WWW-Authenticate")))
        known = self._headers.get(tuple(scopes))
        if "bearer" in challenges:
            self._headers[tuple(scopes)] = f"Bearer {self._token(challenges['bearer'], scopes)}"
        elif "basic" in challenges and self._credentials is not None:
            self._headers[tuple(scopes)] = self._credentials.basic()
        return self._headers.get(tuple(scopes)) != known

    def _token(self, challenge: Mapping[str, str], scopes: Sequence[str]) -> str:
        realm = challenge.get("realm", "")
        scheme = urlsplit(realm).scheme
        if scheme != "https" and not (self._plain and scheme == "http"):
            raise RegistryError(f"the registry sends to {realm!r} for a token, which is no https:// address")
        response = self._ask(realm, challenge.get("service", ""), scopes)
        if response.status != 200:  # noqa: PLR2004 - OK
            raise refusal(response, f"a token for {' '.join(scopes)} from {realm}")
        with reading(realm):
            content = response.read(_LARGEST_TOKEN)
            response.release_conn()
        try:
            answer = json.loads(content)
            return str(answer.get("token") or answer["access_token"])
        except (ValueError, KeyError, AttributeError) as error:
            raise RegistryError(f"the token server {realm} answers no token") from error

    def _ask(self, realm: str, service: str, scopes: Sequence[str]) -> BaseHTTPResponse:
        credentials = self._credentials
        if credentials is not None and credentials.identity_token:
            form = {
                "client_id": _CLIENT,
                "grant_type": "refresh_token",
                "refresh_token": credentials.identity_token,
                "scope": " ".join(scopes),
                "service": service,
            }
            return self._transport.request("POST", realm, headers={}, fields=form)
        headers = {} if credentials is None else {"Authorization": credentials.basic()}
        query = [("service", service), *(("scope", scope) for scope in scopes)]
        return self._transport.request("GET", realm, headers=headers, fields=query)


def _challenge(header: str) -> tuple[str, dict[str, str]]:
    scheme, _, parameters = header.partition(" ")
    return scheme.lower(), parse_keqv_list([part for part in parse_http_list(parameters) if "=" in part])

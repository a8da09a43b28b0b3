"""What a server says when it listens."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from modelpack.schema.signature_text import signature_line
from modelpack.serving.example import curl_line
from modelpack.serving.processes.listening import is_loopback, url_of

if TYPE_CHECKING:
    import socket

    from modelpack.pyfunc.model import PyFuncModel
    from modelpack.serving.settings import ServerSettings

_ANY = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}  # noqa: S104 - it is read here, not listened on
KEY_VARIABLE = "MODELPACK_API_KEY"


def announcement(model: PyFuncModel, settings: ServerSettings, listener: socket.socket) -> str:
    """Where the server listens, which model it serves, and a command to try."""
    url = _url(settings, listener)
    place = url if settings.socket is None else f"{settings.socket} (a Unix socket)"
    lines = [
        f"listening on {place}",
        f"model      {model!r}",
        f"digest     {model.digest}",
        f"signature  {signature_line(model.signature)}",
        f"try        {curl_line(model, _curl_target(settings, url))}",
    ]
    if settings.api_key_file is None and not is_loopback(listener):
        lines.append(
            "warning: every machine that reaches this address may use the model; --api-key-file asks for a key"
        )
    return "\n".join(lines)


def _url(settings: ServerSettings, listener: socket.socket) -> str:
    return url_of(listener, "http" if settings.tls_certificate is None else "https")


def _curl_target(settings: ServerSettings, url: str) -> str:
    """The URL as curl is told it, with the options that it needs for this server."""
    for wildcard, own in _ANY.items():
        url = url.replace(f"//{wildcard}:", f"//{own}:")
    options = []
    if settings.socket is not None:
        options.append(f"--unix-socket {shlex.quote(str(settings.socket))}")
    if settings.tls_certificate is not None:
        options.append(f"--cacert {shlex.quote(str(settings.tls_certificate))}")
    if settings.api_key_file is not None:
        options.append(f'-H "Authorization: Bearer ${KEY_VARIABLE}"')
    return " ".join([*options, url])

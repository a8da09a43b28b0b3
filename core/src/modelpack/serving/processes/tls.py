"""TLS with certificate files."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from modelpack.errors import InvalidArgumentError

if TYPE_CHECKING:
    from pathlib import Path

    from modelpack.serving.settings import ServerSettings


def tls_context(settings: ServerSettings) -> ssl.SSLContext | None:
    """What TLS is spoken with; None where the settings name no certificate.

    Raises:
        InvalidArgumentError: A file is missing, no PEM, locked with a password, or the two do not belong together.
    """
    if settings.tls_certificate is None:
        if settings.tls_key is not None:
            raise InvalidArgumentError(
                f"a TLS key was given without a certificate: {settings.tls_key}", hint="add --tls-certificate"
            )
        return None
    for file in filter(None, (settings.tls_certificate, settings.tls_key)):
        _check_readable(file)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(settings.tls_certificate, settings.tls_key, password=_no_password)
    except ssl.SSLError as error:
        raise _unusable(error, settings.tls_certificate, settings.tls_key) from error
    return context


def _check_readable(file: Path) -> None:
    try:
        with file.open("rb"):
            return
    except OSError as error:
        raise InvalidArgumentError(f"the file {file} for TLS cannot be read: {error.strerror}") from error


def _no_password() -> str:
    raise InvalidArgumentError(
        "the TLS key is locked with a password", hint="unlock it: openssl pkey -in KEY -out UNLOCKED_KEY"
    )


def _unusable(error: ssl.SSLError, certificate: Path, key: Path | None) -> InvalidArgumentError:
    if error.reason == "KEY_VALUES_MISMATCH":
        return InvalidArgumentError(f"the key {key or certificate} does not belong to the certificate {certificate}")
    holder = certificate if key is None else f"{certificate} and {key}"
    return InvalidArgumentError(
        f"no TLS certificate and key can be read from {holder}: {error.reason or error}",
        hint="both are PEM files: `-----BEGIN CERTIFICATE-----`, its chain after it, and `-----BEGIN PRIVATE KEY-----`",
    )

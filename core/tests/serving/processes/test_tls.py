from __future__ import annotations

import ssl
import subprocess
from pathlib import Path

import pytest

from modelpack.errors import InvalidArgumentError
from modelpack.serving.processes.tls import tls_context
from modelpack.serving.settings import ServerSettings


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a certificate, its key, the same key locked, both in one file, and another's key."""
    directory = tmp_path_factory.mktemp("tls")

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=directory, check=True, capture_output=True)  # noqa: S607 - from PATH

    for name in ("own", "other"):
        subject = [
            "-subj",
            f"/CN={name}",
            "-days",
            "1",
            "-nodes",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
        ]
        openssl("req", "-x509", *subject, "-keyout", f"{name}.key", "-out", f"{name}.pem")
    openssl("ec", "-in", "own.key", "-aes256", "-passout", "pass:secret", "-out", "locked.key")
    both = (directory / "own.key").read_bytes() + (directory / "own.pem").read_bytes()
    (directory / "both.pem").write_bytes(both)
    return directory


def context(files: Path, certificate: str | None, key: str | None) -> ssl.SSLContext | None:
    """What TLS is spoken with for two files."""
    chosen = [None if name is None else files / name for name in (certificate, key)]
    return tls_context(ServerSettings(tls_certificate=chosen[0], tls_key=chosen[1]))


@pytest.mark.parametrize(("certificate", "key"), [("own.pem", "own.key"), ("both.pem", None)])
def test_files_that_belong_together_make_a_context(files: Path, certificate: str, key: str | None) -> None:
    """Whether the key has a file of its own or not; old versions of TLS are not spoken."""
    made = context(files, certificate, key)
    assert made is not None
    assert made.minimum_version == ssl.TLSVersion.TLSv1_2


def test_without_files_there_is_none(files: Path) -> None:
    """The server speaks plain HTTP."""
    assert context(files, None, None) is None


@pytest.mark.parametrize(
    ("certificate", "key", "message"),
    [
        ("own.pem", "other.key", "does not belong to the certificate"),
        ("own.pem", "locked.key", "locked with a password"),
        ("own.pem", None, "no TLS certificate and key can be read"),
        ("own.key", "own.key", "no TLS certificate and key can be read"),
        ("own.pem", "absent.key", "absent.key for TLS cannot be read: No such file"),
        ("absent.pem", "own.key", "absent.pem for TLS cannot be read: No such file"),
        (None, "own.key", "without a certificate"),
    ],
)
def test_files_that_cannot_be_used_are_told(
    files: Path, certificate: str | None, key: str | None, message: str
) -> None:
    """Nobody is asked for a password, and the message says which file it is."""
    with pytest.raises(InvalidArgumentError, match=message):
        context(files, certificate, key)

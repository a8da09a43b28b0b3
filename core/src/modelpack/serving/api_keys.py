"""The keys of which requests must bring one."""

from __future__ import annotations

import hashlib
import hmac
import re
import stat
from typing import TYPE_CHECKING

from modelpack.errors import InvalidArgumentError
from modelpack.serving.errors import LOGGER

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_KEY = re.compile(r"[!-~]+")
_SCHEME = b"bearer "
_LARGEST_FILE = 1_000_000


class ApiKeys:
    """Keys, kept as digests."""

    def __init__(self, keys: Iterable[str]) -> None:
        """Accept these keys."""
        self._digests = [_digest(key.encode()) for key in keys]

    @classmethod
    def from_file(cls, path: Path) -> ApiKeys:
        """The keys in a file: one in each line; blank lines and those that begin with # are passed over.

        Raises:
            InvalidArgumentError: The file cannot be read, has no key, or has a line that cannot be one.
        """
        try:
            if path.stat().st_size > _LARGEST_FILE:
                raise InvalidArgumentError(f"{path} is too large to be a file of API keys")
            text = path.read_text("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidArgumentError(f"the API keys cannot be read from {path}: {error}") from error
        keys = [key for number, line in enumerate(text.splitlines(), 1) if (key := _key(path, number, line))]
        if not keys:
            raise InvalidArgumentError(
                f"{path} has no API key", hint="write one in a line; `openssl rand -hex 32` makes one"
            )
        return cls(keys)

    def accept(self, headers: Mapping[bytes, bytes]) -> bool:
        """Whether a request brings one of the keys: `Authorization: Bearer KEY` or `X-API-Key: KEY`.

        The time that it takes says nothing of the keys: digests are compared, each of them whole.
        """
        presented = _digest(_presented(headers))
        return any([hmac.compare_digest(presented, each) for each in self._digests])  # noqa: C419 - never ends early


def check_key_file(path: Path) -> None:
    """Read the keys once before a server starts, and warn when every user of the machine can do so.

    Raises:
        InvalidArgumentError: It is no file of keys.
    """
    ApiKeys.from_file(path)
    if path.stat().st_mode & stat.S_IROTH:
        LOGGER.warning("every user of this machine can read the API keys in %s; chmod 600 keeps them secret", path)


def _presented(headers: Mapping[bytes, bytes]) -> bytes:
    authorization = headers.get(b"authorization", b"")
    if authorization[: len(_SCHEME)].lower() == _SCHEME:
        return authorization[len(_SCHEME) :].strip()
    return headers.get(b"x-api-key", b"").strip()


def _key(path: Path, number: int, line: str) -> str:
    """The key in a line; nothing where there is none. The message never shows the line."""
    key = line.strip()
    if key.startswith("#"):
        return ""
    if key and _KEY.fullmatch(key) is None:
        raise InvalidArgumentError(
            f"line {number} of {path} is no API key", hint="a key is one word of letters, digits and signs of ASCII"
        )
    return key


def _digest(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()

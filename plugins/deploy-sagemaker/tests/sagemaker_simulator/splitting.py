"""How batch transform cuts its input into requests, and puts the answers together."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_MEBIBYTE = 1024 * 1024


class TooLargeError(Exception):
    """A record does not fit a request."""


def requests(content: bytes, split: str, strategy: str, megabytes: int) -> Iterator[bytes]:
    """The bodies of the requests for one object.

    Args:
        content: The object.
        split: `Line`, or `None` for the whole.
        strategy: `MultiRecord` for as many lines as fit, `SingleRecord` for one.
        megabytes: The largest body; 0 for any.

    Raises:
        TooLargeError: One record is larger.
    """
    largest = megabytes * _MEBIBYTE or len(content)
    records = content.splitlines(keepends=True) if split == "Line" else [content]
    waiting = b""
    for record in records:
        if len(record) > largest:
            raise TooLargeError(f"a record of {len(record)} bytes is more than MaxPayloadInMB allows")
        if waiting and (strategy == "SingleRecord" or len(waiting) + len(record) > largest):
            yield waiting
            waiting = b""
        waiting += record
    if waiting:
        yield waiting


def assembled(answers: list[bytes], how: str) -> bytes:
    """The content of the output: the answers one after the other, each on lines of its own for `Line`."""
    if how != "Line":
        return b"".join(answers)
    return b"".join(answer if answer.endswith(b"\n") else answer + b"\n" for answer in answers)

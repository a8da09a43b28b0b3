"""A part of a file as a stream of its own."""

from __future__ import annotations

import io
from typing import Any, BinaryIO


class Stretch(io.RawIOBase):
    """The bytes of a file from one place to another, after those of its header."""

    def __init__(self, stream: BinaryIO, header: int, start: int, end: int) -> None:
        """Read from a file that can be rewound.

        Args:
            stream: The file.
            header: How many bytes of it come first.
            start: Where the others begin.
            end: Where they end.
        """
        super().__init__()
        self._stream: Any = stream  # typing knows no `readinto`
        self._left = [(0, header), (start, end)] if start > header else [(0, end)]
        stream.seek(0)

    def readable(self) -> bool:
        """It is only read."""
        return True

    def readinto(self, buffer: memoryview | bytearray) -> int:  # type: ignore[override]  # what io passes
        """Fill as much of the buffer as there is."""
        while self._left:
            place, end = self._left[0]
            read: int = self._stream.readinto(memoryview(buffer)[: min(len(buffer), end - place)])
            if read:
                self._left[0] = (place + read, end)
                return read
            self._left.pop(0)
            if self._left:
                self._stream.seek(self._left[0][0])
        return 0

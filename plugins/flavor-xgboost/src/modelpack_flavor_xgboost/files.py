"""Model files: which of XGBoost's formats, and whether all of it is there.

XGBoost's reader of UBJSON follows lengths without looking: a file that was cut off ends the process, or makes it take
all memory. So the structure is walked first, from length to length; the content of arrays is not read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelpack.errors import InvalidModelError
from modelpack_flavor_xgboost.library import library

if TYPE_CHECKING:
    from pathlib import Path

_SIZES = {
    marker: size for size, markers in ((0, "TFZN"), (1, "iUC"), (2, "I"), (4, "ld"), (8, "LD")) for marker in markers
}
_LENGTHS = frozenset("iUIlL")
_DEEPEST = 32
_JSON = frozenset((b'"', b" ", b"\n", b"\r", b"\t"))
"""What may follow the first brace of JSON; in UBJSON it is a length."""


def content(path: Path) -> bytearray:
    """What is in a model file, ready for `load_model`.

    Raises:
        InvalidModelError: It is empty, cut off, or in the format that XGBoost gave up with its release 3.1.
    """
    data = bytearray(path.read_bytes())
    if not data:
        raise InvalidModelError(f"{path.name} is empty")
    if not data.startswith(b"{"):
        _check_binary(path)
    elif bytes(data[1:2]) not in _JSON and not _is_whole(data):
        raise InvalidModelError(f"{path.name} is cut off or damaged: its lengths do not fit together")
    return data


def _check_binary(path: Path) -> None:
    from packaging.version import Version

    version = library().__version__
    if Version(version) >= Version("3.1"):
        raise InvalidModelError(
            f"{path.name} is neither UBJSON nor JSON: it is damaged, or in XGBoost's old binary format, which"
            f" XGBoost {version} does not read any more",
            hint="load it with xgboost<3.1, and save the model again",
        )


def _is_whole(data: bytearray) -> bool:
    walk = _Walk(data)
    try:
        walk.value(0)
    except (ValueError, IndexError):
        return False
    return walk.place == len(data)


class _Walk:
    """Steps over one UBJSON value, and whatever is inside it."""

    def __init__(self, data: bytearray) -> None:
        self._data = data
        self.place = 0

    def value(self, depth: int) -> None:
        """Step over the next value."""
        marker = self._marker()
        if depth > _DEEPEST:
            raise ValueError(marker)
        if marker == "{":
            self._members(depth + 1)
        elif marker == "[":
            self._items(depth + 1)
        else:
            self._step(self._length() if marker in "SH" else _size(marker))

    def _members(self, depth: int) -> None:
        while self._next() != "}":
            self._step(self._length())
            self.value(depth)
        self.place += 1

    def _items(self, depth: int) -> None:
        if self._next() == "$":
            self.place += 1
            size = _size(self._marker())
            self._expect("#")
            self._step(size * self._length())
        elif self._next() == "#":
            self.place += 1
            for _ in range(self._length()):
                self.value(depth)
        else:
            while self._next() != "]":
                self.value(depth)
            self.place += 1

    def _next(self) -> str:
        return chr(self._data[self.place])

    def _marker(self) -> str:
        self.place += 1
        return chr(self._data[self.place - 1])

    def _expect(self, marker: str) -> None:
        if self._marker() != marker:
            raise ValueError(marker)

    def _length(self) -> int:
        marker = self._marker()
        if marker not in _LENGTHS:
            raise ValueError(marker)
        start = self.place
        self._step(_size(marker))
        length = int.from_bytes(self._data[start : self.place], "big", signed=marker != "U")
        if length < 0:
            raise ValueError(length)
        return length

    def _step(self, count: int) -> None:
        if not 0 <= count <= len(self._data) - self.place:
            raise ValueError(count)
        self.place += count


def _size(marker: str) -> int:
    if marker not in _SIZES:
        raise ValueError(marker)
    return _SIZES[marker]


def labels(path: Path) -> list[Any] | None:
    """The class labels that XGBoost before 1.6 encoded, where they are not the numbers from 0 upwards.

    Newer releases forget them when they load such a model, and answer positions.
    """
    import json

    data = content(path)
    if b'"_le"' not in data and rb"\"_le\"" not in data:
        return None
    booster = library().Booster()
    booster.load_model(data)
    told = json.loads(booster.attr("scikit_learn") or "{}")
    found = (told.get("_le") or {}).get("classes_")
    return found if isinstance(found, list) and found != list(range(len(found))) else None

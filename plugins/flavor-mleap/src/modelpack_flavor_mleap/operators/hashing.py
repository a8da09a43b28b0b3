"""Murmur3 of 32 bits as Spark computes it, to find the place of a word in a vector."""

from __future__ import annotations

SEED = 42
_MASK = 0xFFFFFFFF


def hashed(word: str, *, version: int = 2) -> int:
    """The hash of a word's UTF-8 bytes, as a signed number.

    Args:
        word: The word.
        version: 2 is murmur3, since Spark 3. 1 is Spark's before, which mixes each byte of the last, incomplete four
            as if it were four bytes.
    """
    data = word.encode("utf-8", "surrogatepass")
    whole = len(data) - len(data) % 4
    state = SEED
    for start in range(0, whole, 4):
        state = _mixed(state, int.from_bytes(data[start : start + 4], "little"))
    if version == 1:
        for byte in data[whole:]:
            state = _mixed(state, byte - 256 if byte > 127 else byte)  # noqa: PLR2004 - Java's bytes are signed
    elif len(data) > whole:
        state ^= _scrambled(int.from_bytes(data[whole:], "little"))
    return _signed(_finished(state ^ len(data)))


def _mixed(state: int, block: int) -> int:
    return (_rotated(state ^ _scrambled(block), 13) * 5 + 0xE6546B64) & _MASK


def _scrambled(block: int) -> int:
    return (_rotated(block * 0xCC9E2D51 & _MASK, 15) * 0x1B873593) & _MASK


def _finished(state: int) -> int:
    state = (state ^ (state >> 16)) * 0x85EBCA6B & _MASK
    state = (state ^ (state >> 13)) * 0xC2B2AE35 & _MASK
    return state ^ (state >> 16)


def _rotated(value: int, bits: int) -> int:
    return ((value << bits) | (value >> (32 - bits))) & _MASK


def _signed(value: int) -> int:
    return value - (1 << 32) if value >> 31 else value

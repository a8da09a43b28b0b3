"""SHA-256 sums in the format of the sha256sum program."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelpack.errors import IntegrityError
from modelpack.stores.checksums import SMALL, format_checksums, hash_file, parse_checksums

if TYPE_CHECKING:
    from pathlib import Path

NAMES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1)
SUMS = st.dictionaries(NAMES, st.binary(min_size=32, max_size=32).map(bytes.hex))


@given(SUMS)
def test_what_was_written_is_read(sums: dict[str, str]) -> None:
    """Whatever characters names have, line ends and back-slashes too."""
    assert parse_checksums(format_checksums(sums), source="x") == sums


@pytest.mark.parametrize("size", [0, 1, SMALL - 1, SMALL, SMALL + 1, 3 * SMALL])
def test_files_of_every_size_are_hashed(tmp_path: Path, size: int) -> None:
    """Small and large files take different ways to one answer."""
    content = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    (tmp_path / "file").write_bytes(content)
    assert hash_file(tmp_path / "file") == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize(
    "line", ["abc  name", "A" * 64 + "  name", "0" * 64 + " name", "0" * 64 + "  ", "\\" + "0" * 63 + "  n"]
)
def test_a_line_of_another_form_is_refused(line: str) -> None:
    """The error says which line of what."""
    with pytest.raises(IntegrityError, match="line 2 of the file"):
        parse_checksums(f"{'0' * 64}  good\n{line}\n".encode(), source="the file")

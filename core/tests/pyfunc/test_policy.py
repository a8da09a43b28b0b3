from __future__ import annotations

from pathlib import Path

import pytest

from modelpack.errors import InvalidArgumentError
from modelpack.pyfunc.enforcement import Enforcer
from modelpack.pyfunc.policy import CONVERSIONS, Kind, allows, conversion_hint
from modelpack.schema.signature import DataType


def test_every_stricter_policy_is_part_of_the_laxer_ones() -> None:
    """What `strict` takes `safe` takes, and what `safe` takes `lenient` takes."""
    for kind, wanted in CONVERSIONS:
        assert allows("lenient", kind, wanted)
        assert allows("safe", kind, wanted) or not allows("strict", kind, wanted)


@pytest.mark.parametrize(
    ("kind", "wanted", "level"),
    [
        (Kind.INTEGER, DataType.DOUBLE, "safe"),
        (Kind.FLOATING, DataType.LONG, "safe"),
        (Kind.STRING, DataType.DATETIME, "safe"),
        (Kind.STRING, DataType.LONG, "lenient"),
        (Kind.BOOLEAN, DataType.LONG, "lenient"),
        (Kind.FLOATING, DataType.DOUBLE, "strict"),
    ],
)
def test_the_table_says_from_which_policy_on_a_conversion_is_made(kind: Kind, wanted: DataType, level: str) -> None:
    """The rows that users ask about are where the documentation has them."""
    assert CONVERSIONS[kind, wanted] == level


def test_the_documentation_has_the_table() -> None:
    """Row for row, as it is enforced."""
    text = (Path(__file__).parents[3] / "docs" / "signatures.md").read_text(encoding="utf-8")
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]
    header = next(row for row in rows if row[1:] == [wanted.value for wanted in DataType])
    documented = {
        (Kind(row[0]), DataType(name)): cell
        for row in rows[rows.index(header) + 2 :][: len(Kind)]
        for name, cell in zip(header[1:], row[1:], strict=True)
        if cell != "–"  # noqa: RUF001 - the table's dash
    }
    assert documented == CONVERSIONS


def test_bytes_never_become_numbers() -> None:
    """A pair without an entry is refused under every policy."""
    assert not allows("lenient", Kind.BYTES, DataType.LONG)


def test_the_hint_names_the_policy_that_would_convert() -> None:
    """A caller learns which policy takes the data, or that none does."""
    assert "'lenient'" in str(conversion_hint("safe", Kind.STRING, DataType.LONG))
    assert conversion_hint("lenient", Kind.BYTES, DataType.LONG) is None


def test_an_unknown_policy_is_refused() -> None:
    """The error lists the policies there are."""
    with pytest.raises(InvalidArgumentError, match="no schema policy 'lax'") as caught:
        Enforcer(None, "lax")  # type: ignore[arg-type]
    assert caught.value.hint == "choose one of 'strict', 'safe', 'lenient'"

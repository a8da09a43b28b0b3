from __future__ import annotations

import pytest

from modelpack.errors import InvalidArgumentError
from modelpack.serving.settings import ServerSettings, parse_size


@pytest.mark.parametrize(
    ("text", "size"), [("1048576", 1048576), ("500kB", 500_000), ("100 MB", 100_000_000), ("1GiB", 2**30), ("2k", 2000)]
)
def test_a_size_is_written_as_people_write_it(text: str, size: int) -> None:
    """With or without a unit."""
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "much", "-1", "1.5MB", "1TB"])
def test_what_is_no_size_is_refused(text: str) -> None:
    """The hint shows how sizes are written."""
    with pytest.raises(InvalidArgumentError, match="is no size"):
        parse_size(text)


@pytest.mark.parametrize(
    "setting", [{"port": 70_000}, {"port": -1}, {"timeout": 0.0}, {"max_body": 0}, {"threads": -1}], ids=str
)
def test_settings_that_cannot_be_meant_are_refused(setting: dict[str, float]) -> None:
    """Before anything listens."""
    with pytest.raises(InvalidArgumentError):
        ServerSettings(**setting)  # type: ignore[arg-type]  # the values under test

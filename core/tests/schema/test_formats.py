from __future__ import annotations

from typing import Any

import pytest

from modelpack.errors import InvalidModelError
from modelpack.schema.formats import FORMAT, KEY, check_format


def test_files_of_mlflow_have_no_number() -> None:
    """A file that says nothing has the first format, and may say so."""
    check_format({}, source="MLmodel")
    check_format({KEY: FORMAT}, source="MLmodel")


@pytest.mark.parametrize("number", [0, -1, "1", 1.0, True, None])
def test_what_is_no_format_is_refused(number: Any) -> None:
    """A number that makes no sense is an error, since its layout cannot be known."""
    with pytest.raises(InvalidModelError, match=KEY):
        check_format({KEY: number}, source="MLmodel")


def test_a_newer_format_asks_for_a_newer_release() -> None:
    """It is refused rather than misread."""
    with pytest.raises(InvalidModelError, match="some/MLmodel: the model has format") as caught:
        check_format({KEY: FORMAT + 1}, source="some/MLmodel")
    assert caught.value.hint == "pip install --upgrade modelpack-core"

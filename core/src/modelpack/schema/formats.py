"""The version of the model directory's format, and what to do when it has to change.

Format 1 is MLflow's layout with a manifest beside it, and files of format 1 carry no number. A change is *additive*
when every released reader still loads the model and predicts the same: a new key, a new file, a new flavor. Additive
changes need nothing here. For any other change:

1. raise `FORMAT`, and have the save pipeline write `modelpack_format: <FORMAT>` into `MLmodel`, so that older readers,
   which all call `check_format`, refuse the model instead of misreading it;
2. keep the reader of the old layout, in a module of its own under `schema/old/`, chosen by the number in the file;
3. put a model of the old format, written by the last release that wrote it, into the tests, and load it there for ever;
4. say in the changelog which release reads and writes what.

MLflow's own history needs no number: its variants are told apart by the keys that are there (see `mlmodel`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelpack.errors import InvalidModelError

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMAT = 1
"""The newest format that this release reads."""

KEY = "modelpack_format"
"""The key in `MLmodel`; absent means 1."""


def check_format(mapping: Mapping[str, Any], *, source: str) -> None:
    """Refuse a model whose layout this release cannot know.

    Args:
        mapping: The content of an `MLmodel` file.
        source: The file, for the message.

    Raises:
        InvalidModelError: The file's format is newer, or no format at all.
    """
    number = mapping.get(KEY, FORMAT)
    if isinstance(number, bool) or not isinstance(number, int) or number < 1:
        raise InvalidModelError(f"{source}: {KEY} is {number!r}, a whole number from 1 on was expected")
    if number > FORMAT:
        raise InvalidModelError(
            f"{source}: the model has format {number}, and this modelpack reads up to {FORMAT}",
            hint="pip install --upgrade modelpack-core",
        )

"""Names of columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable


def repeated(names: Iterable[Any]) -> Any:
    """The first name that stands twice, None when there is none; in time that grows with their number alone."""
    seen = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None

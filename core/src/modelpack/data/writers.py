"""What a format needs to know to write predictions, and what its writer looks like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from modelpack.data.payload import Dialect


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteOptions:
    """How predictions are written.

    Attributes:
        header: Whether CSV begins with the columns' names.
        names: The columns' names where the predictions have none.
        dialect: How JSON wraps them.
    """

    header: bool = True
    names: tuple[str, ...] = ()
    dialect: Dialect = "wrapped"


class Writer(Protocol):
    """Writes predictions to a stream, chunk after chunk."""

    def write(self, predictions: Any) -> None:
        """Append the predictions of one chunk."""

    def close(self) -> None:
        """Write what the format has at its end; the stream stays open."""

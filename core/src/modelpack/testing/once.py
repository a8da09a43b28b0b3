"""Things that are made once, when they are first needed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

T = TypeVar("T")


@dataclass
class Failure:
    """An exception that is raised again for everything that needs what could not be made."""

    error: BaseException


class Once:
    """Makes things once and keeps them, failures too."""

    def __init__(self) -> None:
        """Nothing is made yet."""
        self._made: dict[Hashable, Any] = {}

    def __call__(self, key: Hashable, make: Callable[[], T]) -> T:
        """What was made for the key, or what `make` makes now.

        Raises:
            Exception: What `make` raised, the first time and ever after.
        """
        if key not in self._made:
            try:
                self._made[key] = make()
            except Exception as error:  # noqa: BLE001 - kept, and raised below
                self._made[key] = Failure(error)
        made = self._made[key]
        if isinstance(made, Failure):
            raise made.error
        answer: T = made
        return answer

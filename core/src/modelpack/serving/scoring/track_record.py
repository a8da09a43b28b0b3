"""Whether the model is quick enough for the event loop to call it itself."""

from __future__ import annotations

_QUICK = 0.001
"""Seconds of a call that nobody notices who waits for the loop meanwhile."""
_HELD_UP = 0.02
"""Seconds of a call from which on it counts as a lapse and no longer as an accident of the machine."""
_PROVEN = 200
"""Quick calls before the model is trusted with the loop."""
_PRICE = 20
"""Quick calls that make up for one that was not: a call in twenty may be late."""
_FORGOTTEN = 20_000
"""Quick calls after which a lapse is forgotten."""
_HARDER = 10
"""How many times as long the model has to prove itself after each lapse."""


class TrackRecord:
    """Judges by the calls that were made, whoever made them.

    A thread costs each call the time to wake it and to be woken, which is as much as a quick model takes altogether. A
    call on the loop costs nothing, but holds up everybody else for as long as it takes. So the model has to have been
    quick, many times and for as many rows, and after a lapse for ten times as long.
    """

    def __init__(self) -> None:
        """Know nothing, and vouch for nothing."""
        self._credit = 0
        self._needed = _PROVEN
        self._flawless = 0
        self._rows = 0

    def observe(self, rows: int, seconds: float) -> None:
        """Learn from a call."""
        if seconds <= _QUICK:
            self._credit = min(self._credit + 1, 2 * self._needed)
            self._rows = max(self._rows, rows)
            self._flawless += 1
            if self._flawless > _FORGOTTEN:
                self._needed = _PROVEN
        elif not self._reaches(rows):
            return  # nobody has vouched for so many
        elif seconds < _HELD_UP:
            self._credit = max(self._credit - _PRICE, 0)
        else:
            self._credit = self._flawless = 0
            self._needed *= _HARDER
            self._rows = (rows - 1) // 2  # so that it does not reach them again

    def vouches(self, rows: int) -> bool:
        """Whether a call with so many rows will be over before anybody notices."""
        return self._credit >= self._needed and self._reaches(rows)

    def _reaches(self, rows: int) -> bool:
        return rows <= 2 * self._rows

"""How long the model takes, learnt from the calls that were made."""

from __future__ import annotations

_FADING = 0.95
"""What a call counts for when the next one is over."""


class Pace:
    """Estimates the seconds of a call from its rows: what every call takes, and what each row adds.

    A line through the latest calls, the older ones counting ever less.
    """

    def __init__(self) -> None:
        """Know nothing yet."""
        self._weight = self._rows = self._seconds = self._squares = self._products = 0.0

    def observe(self, rows: int, seconds: float) -> None:
        """Learn from a call."""
        self._weight = self._weight * _FADING + 1.0
        self._rows = self._rows * _FADING + rows
        self._seconds = self._seconds * _FADING + seconds
        self._squares = self._squares * _FADING + rows * rows
        self._products = self._products * _FADING + rows * seconds

    @property
    def usual(self) -> float:
        """The mean seconds of the latest calls; 0 before the first."""
        return self._seconds / self._weight if self._weight else 0.0

    @property
    def per_row(self) -> float:
        """The seconds that each further row adds; 0 as long as all calls have had about as many rows."""
        spread = self._weight * self._squares - self._rows * self._rows
        if spread <= 0.01 * self._rows * self._rows:
            return 0.0
        slope = (self._weight * self._products - self._rows * self._seconds) / spread
        return min(max(slope, 0.0), self._seconds / self._rows)

    def seconds(self, rows: float) -> float:
        """What a call with so many rows may take."""
        if not self._weight:
            return 0.0
        return max(0.0, self.usual + self.per_row * (rows - self._rows / self._weight))

"""What a keeper is told by signals, besides SIGTERM to end."""

from __future__ import annotations

import signal
from typing import Final

LOOK: Final = signal.SIGUSR1
"""There is another wish."""

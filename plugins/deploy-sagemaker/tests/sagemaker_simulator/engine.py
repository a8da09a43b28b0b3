"""An engine that runs images, as a test hands it to the simulator."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

RunCommand = Callable[[str, int, Mapping[str, str], Mapping[str, Path]], list[str]]
"""The command that runs an image in the foreground: its name, the port that leads to its own port 8080, its variables,
and what is mounted, by where it is."""

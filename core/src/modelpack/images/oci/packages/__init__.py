"""The layer of dependencies: wheels for another machine, unpacked the same way every time."""

from __future__ import annotations

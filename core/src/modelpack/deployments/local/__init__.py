"""The target `local`: supervised server processes on this machine."""

from __future__ import annotations

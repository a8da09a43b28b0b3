"""Deploying packaged models to targets."""

from __future__ import annotations

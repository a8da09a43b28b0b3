"""A forwarder: it owns a deployment's public port and hands requests to whichever servers are there now."""

from __future__ import annotations

"""Ports of this machine."""

from __future__ import annotations

import socket


def free_port(host: str) -> int:
    """A port of an address that was free a moment ago."""
    family = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM)[0][0]
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
    return port

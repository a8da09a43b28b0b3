"""The logs of several containers as one."""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, Any

from modelpack_deploy_docker.survey import survey

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from docker import DockerClient
    from docker.models.containers import Container

    from modelpack.deployments.records import LogQuery

_SECONDS = 1.0
"""Seconds between two looks for containers that were added."""

_OVERLAP = 1000
"""Lines that are read again for those that came in between."""


def merged(client: DockerClient, name: str, query: LogQuery) -> Iterator[str]:
    """The lines of all containers in the order of their times, each with its container's name before it."""
    containers = _containers(client, name)
    lines = sorted(line for container in containers for line in _history(container, max(query.lines, 1)))
    yield from (f"{source} | {text}" for _, source, text in lines[len(lines) - min(query.lines, len(lines)) :])
    if query.follow:
        yield from _followed(client, name, lines[-1][0] if lines else "")


def _containers(client: DockerClient, name: str) -> list[Container]:
    found = survey(client, name)
    return [*found.forwarders, *found.servers]


def _history(container: Container, lines: int) -> Iterator[tuple[str, str, str]]:
    for line in container.logs(timestamps=True, tail=lines).decode("utf-8", "replace").splitlines():
        time, _, text = line.partition(" ")
        yield time, str(container.name), text


def _followed(client: DockerClient, name: str, since: str) -> Iterator[str]:
    """Lines as they come, of containers that come as well, until none is left."""
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()
    streams: dict[str | None, Any] = {}
    try:
        while containers := _containers(client, name):
            for container in containers:
                if container.id not in streams:
                    streams[container.id] = container.logs(stream=True, follow=True, timestamps=True, tail=_OVERLAP)
                    arguments = (str(container.name), streams[container.id], since, lines)
                    threading.Thread(target=_follow, args=arguments, daemon=True).start()
            yield from _waiting(lines)
    finally:
        for stream in streams.values():
            stream.close()


def _waiting(lines: queue.SimpleQueue[str]) -> Iterator[str]:
    try:
        while True:
            yield lines.get(timeout=_SECONDS)
    except queue.Empty:
        return


def _follow(name: str, stream: Iterable[bytes], since: str, lines: queue.SimpleQueue[str]) -> None:
    unfinished = b""
    for piece in stream:
        *whole, unfinished = (unfinished + piece).split(b"\n")
        for line in whole:
            time, _, text = line.decode("utf-8", "replace").partition(" ")
            if time > since:
                lines.put(f"{name} | {text}")

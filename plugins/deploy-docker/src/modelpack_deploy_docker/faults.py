"""Why a container does not serve."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from docker.models.containers import Container

_TAIL = 50
_SHOWN = 5


def fault(container: Container) -> str | None:
    """What has happened to a container that does not run, or had to be started again; None when all is well."""
    state = container.attrs["State"]
    restarts = container.attrs.get("RestartCount", 0)
    if container.status == "running" and not restarts:
        return None
    if state.get("OOMKilled"):
        return f"{container.name} ran out of memory{_limit(container)}"
    words = last_words(container)
    said = f": {words}" if words else ""
    if container.status == "running":
        return f"{container.name} had to be started again{said}"
    if container.status == "created":
        return f"{container.name} was not started"
    return f"{container.name} ended with exit code {state.get('ExitCode')}{said}"


def last_words(container: Container) -> str:
    """The last error in a container's log, else its last lines."""
    lines = container.logs(tail=_TAIL).decode("utf-8", "replace").splitlines()
    errors = [message for line in lines if (message := _error(line)) is not None]
    return errors[-1] if errors else " | ".join(lines[-_SHOWN:])


def _error(line: str) -> str | None:
    """The message of a line in which the server tells of an error."""
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    if not isinstance(entry, dict) or str(entry.get("level", "")).upper() not in {"ERROR", "CRITICAL"}:
        return None
    return str(entry.get("message"))


def _limit(container: Container) -> str:
    limit = container.attrs["HostConfig"].get("Memory")
    return f", of which it may have {limit // 1_048_576} MiB" if limit else ""

"""Logs and alarms in CloudWatch."""

from __future__ import annotations

import threading
import time

from moto.cloudwatch.models import cloudwatch_backends
from moto.logs.models import logs_backends

from sagemaker_simulator.place import ACCOUNT

_LOCK = threading.Lock()


def write_log(region: str, group: str, stream: str, lines: list[str]) -> None:
    """Add lines to a log, as CloudWatch's agent in the container's host does."""
    now = int(time.time() * 1000)
    events = [{"timestamp": now, "message": line} for line in lines]
    with _LOCK:
        backend = logs_backends[ACCOUNT][region]
        backend.ensure_log_group(group)
        backend.ensure_log_stream(group, stream)
        if events:
            backend.put_log_events(group, stream, events)


def missing_alarms(region: str, names: list[str]) -> list[str]:
    """Those alarms that there are not."""
    return [name for name in names if name not in cloudwatch_backends[ACCOUNT][region].alarms]


def alarmed(region: str, names: list[str]) -> list[str]:
    """Those alarms that have gone off."""
    alarms = cloudwatch_backends[ACCOUNT][region].alarms
    return [name for name in names if name in alarms and alarms[name].state_value == "ALARM"]

"""The containers' log in CloudWatch."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from modelpack.errors import DeployError
from modelpack_deploy_sagemaker.faults import AbsentError, in_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelpack.deployments.records import LogQuery
    from modelpack_deploy_sagemaker.account import Account

PAUSE = 2.0
"""Seconds between two looks at a log that is followed."""
TAIL = 10
"""How many lines of a container that failed are told."""
_MOST_LINES = 10_000
_LONGEST = 300
_NEWEST_STREAMS = 20

Event = tuple[int, str, str]


def group(name: str) -> str:
    """Where SageMaker writes what the containers of an endpoint print."""
    return f"/aws/sagemaker/Endpoints/{name}"


def tail(account: Account, name: str, variant: str) -> list[str]:
    """The last lines of a variant's containers, shortened; none where the log cannot be read."""
    try:
        streams = _streams(account, name, f"{variant}/")
        events = [event for stream in streams for event in _last_events(account, name, stream, TAIL)]
    except DeployError:
        return []
    return [" ".join(text.split())[:_LONGEST] for _, _, text in sorted(events)[-TAIL:] if text.strip()]


def lines(account: Account, name: str, query: LogQuery) -> Iterator[str]:
    """The last lines of all containers in the order of their times, and with `follow` those that come."""
    last: dict[str, int] = {}
    yield from _told(_new_events(account, name, query.lines, last)[-query.lines :] if query.lines else [])
    while query.follow:
        time.sleep(PAUSE)
        yield from _told(_new_events(account, name, _MOST_LINES, last))


def _told(events: list[Event]) -> Iterator[str]:
    for _, _, text in events:
        yield from text.splitlines() or [""]


def _new_events(account: Account, name: str, most: int, last: dict[str, int]) -> list[Event]:
    """What has come since the last look; `last` remembers each stream's latest time."""
    events: list[Event] = []
    for stream in _streams(account, name):
        known = last.get(stream)
        found = _last_events(account, name, stream, most, None if known is None else known + 1)
        if found:
            last[stream] = max(moment for moment, _, _ in found)
        events += found
    return sorted(events, key=lambda event: event[:2])


def _streams(account: Account, name: str, prefix: str | None = None) -> list[str]:
    """The streams that were written to last; SageMaker names them by variant and instance."""
    wanted: dict[str, Any] = (
        {"logStreamNamePrefix": prefix} if prefix else {"orderBy": "LastEventTime", "descending": True}
    )
    try:
        with in_words(f"list the logs of {name}"):
            found = account.client("logs").describe_log_streams(
                logGroupName=group(name), limit=_NEWEST_STREAMS, **wanted
            )
    except AbsentError:
        return []  # no container has started yet
    return [each["logStreamName"] for each in found["logStreams"]]


def _last_events(account: Account, name: str, stream: str, most: int, since: int | None = None) -> list[Event]:
    start = {} if since is None else {"startTime": since}
    with in_words(f"read the log of {name}"):
        found = account.client("logs").get_log_events(
            logGroupName=group(name),
            logStreamName=stream,
            limit=min(max(most, 1), _MOST_LINES),
            startFromHead=False,
            **start,
        )
    return [(each["timestamp"], stream, each["message"]) for each in found["events"]]

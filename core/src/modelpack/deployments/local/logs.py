"""Reading a log that grows."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from modelpack.deployments.records import LogQuery

_PAUSE = 0.2


def read_log(path: Path, query: LogQuery) -> Iterator[str]:
    """The last lines of a file; with `follow` those that come as well, until the file is removed."""
    with path.open(encoding="utf-8", errors="replace") as log:
        last = deque(log, maxlen=query.lines)
        unfinished = last.pop() if last and not last[-1].endswith("\n") else ""
        yield from (line.rstrip("\n") for line in last)
        while query.follow and path.exists():
            unfinished += log.readline()
            if unfinished.endswith("\n"):
                yield unfinished.rstrip("\n")
                unfinished = ""
            else:
                time.sleep(_PAUSE)
        if unfinished:
            yield unfinished

"""The logs of a deployment's pods as one."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from modelpack_deploy_kserve.manifests import NAME

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelpack.deployments.records import LogQuery
    from modelpack_deploy_kserve.cluster import Cluster

PAUSE = 1.0
"""Seconds between two looks at a log that is followed."""


class PodLogs:
    """The lines of all pods, each with the pod's name, in the order of their times."""

    def __init__(self, cluster: Cluster, name: str, container: str) -> None:
        """Read the logs of one container of the pods of a deployment."""
        self._cluster = cluster
        self._name = name
        self._container = container
        self._last: dict[str, str] = {}

    def lines(self, query: LogQuery) -> Iterator[str]:
        """The last lines, and with `follow` those that come."""
        first = self._new(query.lines)
        yield from first[-query.lines :] if query.lines else ()
        while query.follow:
            time.sleep(PAUSE)
            yield from self._new(query.lines)

    def _new(self, most: int) -> list[str]:
        """What has come since the last look; a line's time tells, in a form that sorts as text."""
        found: list[tuple[str, str]] = []
        for pod in self._cluster.list("Pod", f"{NAME}={self._name}"):
            pod_name = pod["metadata"]["name"]
            last = self._last.get(pod_name)
            for line in self._cluster.log(pod_name, self._container, last, most).splitlines():
                moment, _, text = line.partition(" ")
                if last is None or moment > last:
                    found.append((moment, f"{pod_name} {text}"))
                    self._last[pod_name] = moment
        return [text for _, text in sorted(found)]

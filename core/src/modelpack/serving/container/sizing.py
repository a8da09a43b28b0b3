"""How many processes and threads fit what a container may use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelpack.serving.container.limits import Limits

_WORKER = 160 * 1024 * 1024
"""Bytes that a worker takes with a usual library; its model takes about what the files do, and as much again."""


@dataclass(frozen=True, slots=True)
class Sizing:
    """How the work is spread.

    Attributes:
        workers: Processes that score.
        threads: Calls to the model that each makes at a time.
        library_threads: Threads that a library may start for one call.
    """

    workers: int
    threads: int
    library_threads: int

    @classmethod
    def fitting(cls, limits: Limits, model_bytes: int, given: Mapping[str, Any]) -> Sizing:
        """One worker for each whole processor, as far as the memory reaches, unless the settings say otherwise.

        Args:
            limits: What may be used.
            model_bytes: The size of the model's files.
            given: The settings that were given.
        """
        whole = max(1, int(limits.cpus))
        fitting = whole if limits.memory is None else limits.memory // (_WORKER + 2 * model_bytes)
        workers = given.get("workers", max(1, min(whole, fitting)))
        share = max(1, whole // max(1, workers))
        return cls(workers, given.get("threads", share), share)

"""Jobs that wait for the model, in the order in which they are taken."""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable

    from modelpack.serving.scoring.batching import Job


class WaitingRoom:
    """Keeps jobs of one kind together; the kinds take turns, so that none waits for ever."""

    def __init__(self) -> None:
        """Begin empty."""
        self._groups: OrderedDict[Hashable, deque[Job]] = OrderedDict()
        self.jobs = 0
        self.rows = 0

    @property
    def first(self) -> Job:
        """The job whose turn it is."""
        return next(iter(self._groups.values()))[0]

    def add(self, job: Job) -> None:
        """Let a job wait."""
        name = id(job) if job.kind is None else job.kind
        group = self._groups.get(name)
        if group is None:
            group = self._groups[name] = deque()
        group.append(job)
        self.jobs += 1
        self.rows += job.rows

    def take(self, rows: int) -> list[Job]:
        """The jobs to predict next: those of the kind whose turn it is, so many rows together, but at least one job."""
        name, group = next(iter(self._groups.items()))
        taken = [group.popleft()]
        room = rows - taken[0].rows
        while group and group[0].rows <= room:
            room -= group[0].rows
            taken.append(group.popleft())
        if group:
            self._groups.move_to_end(name)
        else:
            del self._groups[name]
        self.jobs -= len(taken)
        self.rows -= sum([job.rows for job in taken])
        return taken

    def remove(self, job: Job) -> bool:
        """Take a job out that nobody waits for any more; whether it was still here."""
        name = id(job) if job.kind is None else job.kind
        group = self._groups.get(name, ())
        if job not in group:
            return False
        self._groups[name].remove(job)
        if not self._groups[name]:
            del self._groups[name]
        self.jobs -= 1
        self.rows -= job.rows
        return True

    def fills(self, rows: int) -> bool:
        """Whether the jobs whose turn it is make up a batch of so many rows, which no later one could join."""
        group = next(iter(self._groups.values()))
        if group[0].kind is None or self.rows < rows:
            return group[0].kind is None
        return sum([job.rows for job in group]) >= rows

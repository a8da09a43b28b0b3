from __future__ import annotations

from contextvars import copy_context

from modelpack.serving.scoring.batching import Job
from modelpack.serving.scoring.waiting import WaitingRoom


def a_job(kind: str | None = "k", rows: int = 1) -> Job:
    """A job of a kind."""
    return Job(None, None, lambda _: b"", rows, kind, copy_context())


def room_with(*jobs: Job) -> WaitingRoom:
    """A room in which these wait."""
    room = WaitingRoom()
    for job in jobs:
        room.add(job)
    return room


def test_jobs_of_one_kind_are_taken_together_in_their_order() -> None:
    """As many as have so many rows together."""
    jobs = [a_job(rows=2) for _ in range(4)]
    room = room_with(*jobs)
    assert room.take(5) == jobs[:2]
    assert (room.jobs, room.rows) == (2, 4)
    assert room.take(4) == jobs[2:]
    assert (room.jobs, room.rows) == (0, 0)


def test_kinds_are_never_mixed_and_take_turns() -> None:
    """What is left of a kind goes behind the others."""
    first, second, other, third = a_job("a"), a_job("a"), a_job("b"), a_job("a")
    room = room_with(first, other, second, third)
    assert room.first is first
    assert [room.take(2) for _ in range(3)] == [[first, second], [other], [third]]


def test_a_job_that_is_larger_than_a_batch_is_taken_alone() -> None:
    """It cannot be made smaller."""
    large, small = a_job(rows=10), a_job()
    room = room_with(large, small)
    assert [room.take(5), room.take(5)] == [[large], [small]]


def test_jobs_without_a_kind_go_alone() -> None:
    """However many there are."""
    jobs = [a_job(None), a_job(None)]
    room = room_with(*jobs)
    assert [room.take(5), room.take(5)] == [[jobs[0]], [jobs[1]]]


def test_a_job_can_be_removed_until_it_is_taken() -> None:
    """Nobody waits for it any more."""
    first, second = a_job("a"), a_job(None)
    room = room_with(first, second)
    assert room.remove(first)
    assert not room.remove(first)
    assert room.take(1) == [second]
    assert not room.remove(second)
    assert (room.jobs, room.rows) == (0, 0)


def test_a_full_batch_is_known() -> None:
    """One that no later job could join; a job without a kind is always one."""
    assert not room_with(a_job(rows=2)).fills(3)
    assert room_with(a_job(rows=2), a_job(rows=2)).fills(3)
    assert not room_with(a_job("a", rows=2), a_job("b", rows=2)).fills(3)
    assert room_with(a_job(None)).fills(3)

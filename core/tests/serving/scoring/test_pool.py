from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

from modelpack.serving.scoring.pool import ThreadPool

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def pool() -> Iterator[ThreadPool]:
    """A pool of two threads."""
    pool = ThreadPool(2)
    yield pool
    pool.close()


def test_a_function_runs_in_another_thread(pool: ThreadPool) -> None:
    """Its result comes back."""
    assert asyncio.run(pool.run(threading.get_ident)) != threading.get_ident()


def test_an_exception_reaches_the_caller(pool: ThreadPool) -> None:
    """And the thread works on."""

    def fail() -> None:
        raise LookupError("here")

    for _ in range(3):
        with pytest.raises(LookupError, match="here"):
            asyncio.run(pool.run(fail))


def test_as_many_run_at_a_time_as_there_are_threads(pool: ThreadPool) -> None:
    """Two meet at a barrier."""
    barrier = threading.Barrier(2, timeout=10)

    async def both() -> None:
        await asyncio.gather(pool.run(barrier.wait), pool.run(barrier.wait))

    asyncio.run(both())


def test_a_call_that_was_given_up_is_not_made(pool: ThreadPool) -> None:
    """Nobody waits for it any more."""
    made: list[int] = []
    done = threading.Event()

    async def give_up() -> None:
        busy = [asyncio.create_task(pool.run(done.wait)) for _ in range(2)]
        await asyncio.sleep(0.01)
        waiting = asyncio.create_task(pool.run(lambda: made.append(1)))
        await asyncio.sleep(0.01)
        waiting.cancel()
        done.set()
        await asyncio.gather(*busy)
        assert await pool.run(lambda: 2) == 2

    asyncio.run(give_up())
    assert made == []

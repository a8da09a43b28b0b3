from __future__ import annotations

import asyncio
import threading

from modelpack.serving.scoring.crew import Crew, Inline


def test_tasks_are_done_in_threads_and_told_on_the_loop() -> None:
    """As many at a time as there are threads."""
    barrier = threading.Barrier(2, timeout=10)

    async def work() -> None:
        done: asyncio.Queue[tuple[int, int, int]] = asyncio.Queue()

        def meet(_: int) -> int:
            barrier.wait()
            return threading.get_ident()

        def tell(task: int, thread: int) -> None:
            done.put_nowait((task, thread, threading.get_ident()))

        crew = Crew(asyncio.get_running_loop(), meet, tell)
        for number in range(2):
            crew.hire()
            crew.give(number)
        found = [await done.get() for _ in range(2)]
        assert {task for task, _, _ in found} == {0, 1}
        assert len({thread for _, thread, _ in found} | {threading.get_ident()}) == 3
        assert {told for _, _, told in found} == {threading.get_ident()}
        crew.dismiss()
        crew.dismiss()

    asyncio.run(asyncio.wait_for(work(), 10))


def test_a_dismissed_thread_ends() -> None:
    """When it has nothing to do."""

    async def work() -> None:
        threads: asyncio.Queue[threading.Thread] = asyncio.Queue()
        crew: Crew[int] = Crew(
            asyncio.get_running_loop(),
            lambda _: threading.current_thread(),
            lambda _, thread: threads.put_nowait(thread),
        )
        crew.hire()
        crew.give(1)
        thread = await threads.get()
        crew.dismiss()
        await asyncio.to_thread(thread.join, 10)
        assert not thread.is_alive()

    asyncio.run(asyncio.wait_for(work(), 10))


def test_inline_work_is_done_at_once_on_the_same_thread() -> None:
    """There is no other."""
    done: list[tuple[int, int]] = []
    crew: Inline[int] = Inline(lambda _: threading.get_ident(), lambda task, thread: done.append((task, thread)))
    crew.hire()
    crew.give(7)
    crew.dismiss()
    assert done == [(7, threading.get_ident())]


def test_a_thread_that_is_waited_for_is_heard_before_the_loop_goes_on() -> None:
    """And one that takes longer than it is waited for wakes the loop."""
    go = threading.Event()

    async def work() -> None:
        done: asyncio.Queue[str] = asyncio.Queue()

        def take(task: str) -> str:
            if task == "slow":
                assert go.wait(10)
            return task

        crew: Crew[str] = Crew(asyncio.get_running_loop(), take, lambda _, outcome: done.put_nowait(outcome))
        crew.hire()
        crew.give("quick", 10)
        assert done.get_nowait() == "quick"
        crew.give("slow", 0.001)
        assert done.empty()
        go.set()
        assert await done.get() == "slow"
        crew.dismiss()

    asyncio.run(asyncio.wait_for(work(), 20))


def test_nothing_is_lost_between_waiting_and_being_woken() -> None:
    """However close the end of the wait and the end of the work are."""

    async def work() -> None:
        done: asyncio.Queue[int] = asyncio.Queue()
        crew: Crew[int] = Crew(asyncio.get_running_loop(), lambda task: task, lambda task, _: done.put_nowait(task))
        for _ in range(2):
            crew.hire()
        for number in range(2000):
            crew.give(number, 0.00001 * (number % 7))
        assert sorted([await done.get() for _ in range(2000)]) == list(range(2000))
        assert done.empty()

    asyncio.run(asyncio.wait_for(work(), 60))

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from modelpack.serving.begun import Begun


async def answer(event: asyncio.Event | None = None) -> str:
    """Answers at once, or after an event and a turn of the loop."""
    if event is not None:
        await event.wait()
        await asyncio.sleep(0)
    return "answer"


def test_what_need_not_wait_has_its_result_before_it_is_awaited() -> None:
    """And gives it again when it is."""

    async def check() -> None:
        begun = Begun(answer())
        assert begun.result == "answer"
        assert await begun == "answer"

    asyncio.run(check())


def test_what_has_to_wait_is_awaited_as_ever() -> None:
    """Through several waits."""

    async def check() -> None:
        event = asyncio.Event()
        begun = Begun(answer(event))
        assert begun.result is None
        asyncio.get_running_loop().call_soon(event.set)
        assert await begun == "answer"

    asyncio.run(check())


def test_an_exception_reaches_who_begins_or_awaits() -> None:
    """Whichever is at hand when it is raised."""

    async def fail(event: asyncio.Event | None) -> None:
        if event is not None:
            await event.wait()
        raise LookupError("here")

    async def check() -> None:
        with pytest.raises(LookupError):
            Begun(fail(None))
        event = asyncio.Event()
        begun = Begun(fail(event))
        event.set()
        with pytest.raises(LookupError):
            await begun

    asyncio.run(check())


@pytest.mark.parametrize("caught", [LookupError, asyncio.CancelledError], ids=["obedient", "stubborn"])
def test_being_cancelled_cancels_what_was_begun(caught: type[BaseException]) -> None:
    """It can clean up; it cannot go on."""
    cleaned: list[bool] = []

    async def wait() -> str:
        with suppress(caught):
            try:
                await asyncio.get_running_loop().create_future()
            finally:
                cleaned.append(True)
        return "went on"

    async def check() -> None:
        begun = Begun(wait())
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await begun

    asyncio.run(check())
    assert cleaned == [True]

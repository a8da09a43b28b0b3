from __future__ import annotations

import asyncio
from dataclasses import dataclass

from modelpack.serving.scoring.deadlines import Deadlines


@dataclass(eq=False)
class Item:
    """Something with a beginning."""

    begun: float


def test_what_is_still_there_expires_in_its_order() -> None:
    """What was discarded does not."""

    async def watch() -> None:
        loop = asyncio.get_running_loop()
        expired: asyncio.Queue[Item] = asyncio.Queue()
        deadlines: Deadlines[Item] = Deadlines(loop, 0.02, expired.put_nowait)
        items = [Item(loop.time() + 0.001 * number) for number in range(4)]
        for item in items:
            deadlines.add(item)
        deadlines.discard(items[1])
        assert [await expired.get() for _ in range(3)] == [items[0], *items[2:]]
        assert loop.time() >= items[3].begun + 0.019
        assert not len(deadlines)

    asyncio.run(asyncio.wait_for(watch(), 10))


def test_nothing_expires_after_the_stop() -> None:
    """Its timer is gone."""

    async def watch() -> list[Item]:
        loop = asyncio.get_running_loop()
        expired: list[Item] = []
        deadlines: Deadlines[Item] = Deadlines(loop, 0.0, expired.append)
        deadlines.add(Item(loop.time()))
        deadlines.stop()
        await asyncio.sleep(0)
        return expired

    assert asyncio.run(watch()) == []

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelpack.data.payload import Payload
from modelpack.errors import DataFormatError, ModelFailureError, ModelpackError, SchemaError
from modelpack.serving.errors import IncompleteBodyError, ModelHangsError, RequestTimeoutError, TooBusyError
from modelpack.serving.scoring import track_record
from modelpack.serving.scoring.engine import LARGE, Engine, Invocation
from modelpack.serving.settings import ServerSettings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine

    from modelpack.pyfunc.model import PyFuncModel

MakeModel = Any


class Notes:
    """A meter that remembers."""

    def __init__(self) -> None:
        self.batches: list[tuple[int, int]] = []
        self.waiting: list[int] = []

    def request(self, route: str, method: str, status: int, seconds: float) -> None:
        """Not the engine's."""

    def batch(self, requests: int, rows: int, seconds: float) -> None:
        """Remember a call."""
        assert seconds >= 0
        self.batches.append((requests, rows))

    def queue(self, waiting: int) -> None:
        """Remember how many waited."""
        self.waiting.append(waiting)


def asking(*rows: tuple[float, float], size: int = 1, **params: float) -> Invocation[list[float]]:
    """A request with these rows."""

    def decode() -> Payload:
        return Payload([{"x": x, "y": y} for x, y in rows], params or None)

    return Invocation(decode, lambda outputs: np.asarray(outputs).tolist(), size)


@asynccontextmanager
async def running(model: PyFuncModel, meter: Notes | None = None, **told: Any) -> AsyncIterator[Engine]:
    """An engine that works."""
    engine = Engine(model, ServerSettings(**{"threads": 2, **told}), meter)
    await engine.start()
    try:
        yield engine
    finally:
        await engine.stop()


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """The result of some work, which has to come in time."""
    return asyncio.run(asyncio.wait_for(work, 60))


class Gate:
    """A model that works once it is let, and remembers the rows of its calls."""

    def __init__(self) -> None:
        self.begun = threading.Semaphore(0)
        self.open = threading.Event()
        self.calls: list[int] = []

    def __call__(self, data: Any) -> Any:
        """Twice x plus y, when the gate is open."""
        self.calls.append(len(data))
        self.begun.release()
        assert self.open.wait(30)
        return (2 * data["x"] + data["y"]).to_numpy()

    async def reached(self) -> None:
        """Wait until a call has come."""
        assert await asyncio.to_thread(self.begun.acquire, timeout=30)


async def until(condition: Callable[[], bool]) -> None:
    """Give the loop turns until something holds."""
    for _ in range(20_000):
        if condition():
            return
        await asyncio.sleep(0.001)
    raise AssertionError("it never came about")


def test_a_request_is_answered(make_model: MakeModel) -> None:
    """Its own rows, with its own params."""

    async def work() -> None:
        async with running(make_model()) as engine:
            assert await engine.score(asking((1, 0.5), (2, 1.5))) == [2.5, 5.5]
            assert await engine.score(asking((1, 0.5), scale=10)) == [25]

    run(work())


@pytest.mark.parametrize("threads", [0, 1, 2])
def test_requests_at_the_same_time_get_their_own_answers(make_model: MakeModel, threads: int) -> None:
    """Whatever is joined: fifty at a time, sizes and params mixed."""

    async def work() -> None:
        notes = Notes()
        async with running(make_model(), notes, threads=threads) as engine:

            async def ask(number: int) -> None:
                rows = [(float(number), float(row)) for row in range(1 + number % 3)]
                scale = 1.0 + number % 2
                found = await engine.score(asking(*rows, size=LARGE if number % 7 == 0 else 1, scale=scale))
                assert found == [(2 * x + y) * scale for x, y in rows]

            for _ in range(6):
                await asyncio.gather(*map(ask, range(50)))
        assert sum(requests for requests, _ in notes.batches) == 300
        assert max(requests for requests, _ in notes.batches) > 1
        assert sum(rows for _, rows in notes.batches) == 6 * sum(1 + number % 3 for number in range(50))
        assert notes.waiting[-1] == 0

    run(work())


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    requests=st.lists(
        st.tuples(st.lists(st.integers(-1000, 1000), min_size=1, max_size=4), st.sampled_from([1.0, 2.0, -0.5])),
        min_size=1,
        max_size=20,
    )
)
def test_answers_of_a_busy_server_are_those_of_an_idle_one(make_model: MakeModel, requests: Any) -> None:
    """Batched or not."""

    async def work() -> None:
        async with running(make_model(), max_batch=8) as engine:

            def ask(rows: list[int], scale: float) -> Coroutine[Any, Any, list[float]]:
                return engine.score(asking(*((float(x), 1.0) for x in rows), scale=scale))

            alone = [await ask(*request) for request in requests]
            for _ in range(4):
                assert await asyncio.gather(*(ask(*request) for request in requests)) == alone

    run(work())


def test_requests_that_wait_go_together_when_the_call_is_over(make_model: MakeModel) -> None:
    """And none waits when nothing runs."""
    gate, notes = Gate(), Notes()

    async def work() -> None:
        async with running(make_model(gate), notes, threads=1) as engine:
            first = asyncio.create_task(engine.score(asking((1, 1))))
            await gate.reached()
            others = [asyncio.create_task(engine.score(asking((number, 1)))) for number in range(5)]
            await asyncio.sleep(0.05)
            assert gate.calls == [1]
            gate.open.set()
            assert await first == [3]
            assert await asyncio.gather(*others) == [[2 * number + 1] for number in range(5)]

    run(work())
    assert notes.batches == [(1, 1), (5, 5)]


def test_a_call_that_takes_long_is_not_waited_for_while_a_thread_is_idle(make_model: MakeModel) -> None:
    """Slow models run in parallel."""
    gate = Gate()

    async def work() -> None:
        async with running(make_model(gate), threads=2) as engine:
            first = asyncio.create_task(engine.score(asking((1, 1))))
            await gate.reached()
            second = asyncio.create_task(engine.score(asking((2, 1))))
            await gate.reached()
            gate.open.set()
            assert [await first, await second] == [[3], [5]]

    run(work())


@pytest.mark.parametrize("max_batch", [1, 1024])
def test_what_is_not_joined_uses_every_thread_at_once(make_model: MakeModel, max_batch: int) -> None:
    """Models that are not given batches have their threads to themselves."""
    barrier = threading.Barrier(3, timeout=20)

    def meet(data: Any) -> Any:
        barrier.wait()
        return data["x"].to_numpy()

    async def work() -> None:
        async with running(make_model(meet), threads=3, max_batch=max_batch) as engine:
            engine._scheduler._predictor.joins = False
            found = await asyncio.gather(*(engine.score(asking((number, 0))) for number in range(3)))
            assert found == [[0], [1], [2]]

    run(work())


def test_a_delay_lets_an_idle_thread_wait_for_company(make_model: MakeModel) -> None:
    """Off by default; a full batch does not wait."""
    notes = Notes()

    async def work() -> None:
        async with running(make_model(), notes, max_delay=0.05, max_batch=2) as engine:
            first = asyncio.create_task(engine.score(asking((1, 1))))
            await asyncio.sleep(0.005)
            second = asyncio.create_task(engine.score(asking((2, 1))))
            assert [await first, await second] == [[3], [5]]

    run(work())
    assert notes.batches == [(2, 2)]


@pytest.mark.parametrize("size", [1, LARGE])
@pytest.mark.parametrize(
    ("payload", "error"),
    [
        (Payload([{"x": "a", "y": 1}]), SchemaError),
        (Payload([{"x": 1.0, "y": 1.0}], {"nope": 1}), SchemaError),
        (None, DataFormatError),
    ],
)
def test_a_bad_request_fails_alone_before_it_waits(
    make_model: MakeModel, payload: Payload | None, error: type[Exception], size: int
) -> None:
    """Whether it is read on the loop or in a thread."""

    def decode() -> Payload:
        if payload is None:
            raise DataFormatError("no JSON")
        return payload

    async def work() -> None:
        notes = Notes()
        async with running(make_model(), notes) as engine:
            bad = Invocation(decode, list, size)
            good = [engine.score(asking((number, 1))) for number in range(50)]
            found = await asyncio.gather(*good, engine.score(bad), return_exceptions=True)
            assert isinstance(found.pop(), error)
            assert found == [[2 * number + 1] for number in range(50)]
        assert sum(requests for requests, _ in notes.batches) == 50

    run(work())


def test_a_model_that_fails_for_one_row_fails_one_request(make_model: MakeModel) -> None:
    """Among fifty at a time."""

    def fail(data: Any) -> Any:
        if (data["x"] < 0).any():
            raise ValueError("below 0")
        return data["x"].to_numpy()

    async def work() -> None:
        async with running(make_model(fail)) as engine:
            for _ in range(4):
                asked = [engine.score(asking((number, 1))) for number in (*range(49), -1)]
                found = await asyncio.gather(*asked, return_exceptions=True)
                assert isinstance(found.pop(), ModelFailureError)
                assert found == [[number] for number in range(49)]

    run(work())


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, StopIteration, RecursionError])
def test_a_server_outlives_whatever_its_model_raises(make_model: MakeModel, error: type[BaseException]) -> None:
    """An exit ends a request, not the thread."""

    def leave(data: Any) -> Any:
        if data["x"].iloc[0] < 0:
            raise error
        return data["x"].to_numpy()

    async def work() -> None:
        async with running(make_model(leave), threads=1) as engine:
            for _ in range(3):
                with pytest.raises(ModelpackError):
                    await engine.score(asking((-1, 0)))
                assert await engine.score(asking((1, 0))) == [1]

    run(work())


def test_more_than_may_wait_are_refused_with_the_time_to_come_again(make_model: MakeModel) -> None:
    """At once, before they are read; and there is room again when the others are through."""
    gate = Gate()

    async def work() -> None:
        async with running(make_model(gate), threads=1, max_queue=3) as engine:
            tasks = [asyncio.create_task(engine.score(asking((0, 1))))]
            await gate.reached()
            tasks += [asyncio.create_task(engine.score(asking((number, 1)))) for number in range(3)]
            await asyncio.sleep(0)
            with pytest.raises(TooBusyError, match="3 requests wait") as caught:
                engine.check_room()
            assert int(caught.value.headers["Retry-After"]) >= 1
            with pytest.raises(TooBusyError):
                await engine.score(Invocation(lambda: pytest.fail("it was read"), list, 1))
            gate.open.set()
            await asyncio.gather(*tasks)
            assert await engine.score(asking((1, 1))) == [3]

    run(work())


def test_a_request_that_would_wait_longer_than_it_may_is_refused(make_model: MakeModel) -> None:
    """It would be answered with 504 after all."""
    gate = Gate()

    async def work() -> None:
        async with running(make_model(gate), threads=1, max_batch=1, timeout=20) as engine:
            engine._scheduler._timing.observe(1, 15.0)
            tasks = [asyncio.create_task(engine.score(asking((0, 1))))]
            await gate.reached()
            tasks.append(asyncio.create_task(engine.score(asking((0, 1)))))
            await asyncio.sleep(0)
            with pytest.raises(TooBusyError, match="longer for the model than the 20 s") as caught:
                await engine.score(asking((0, 1)))
            assert caught.value.headers == {"Retry-After": "20"}
            gate.open.set()
            await asyncio.gather(*tasks)

    run(work())


def test_a_request_that_is_given_up_leaves_the_queue(make_model: MakeModel) -> None:
    """Its client went away: the model is not called for it."""
    gate = Gate()

    async def work() -> None:
        async with running(make_model(gate), threads=1) as engine:
            first = asyncio.create_task(engine.score(asking((0, 1))))
            await gate.reached()
            gone = asyncio.create_task(engine.score(asking((1, 1), (2, 2), (3, 3))))
            await asyncio.sleep(0)
            assert engine._scheduler.waiting == 1
            gone.cancel()
            await asyncio.wait([gone])
            assert engine._scheduler.waiting == 0
            gate.open.set()
            await first
            await engine.score(asking((1, 1)))

    run(work())
    assert gate.calls == [1, 1]


def test_a_request_that_waits_too_long_is_told_in_time_and_not_predicted(make_model: MakeModel) -> None:
    """504 for the one in the model and for those behind it."""
    gate = Gate()

    async def work() -> None:
        async with running(make_model(gate), threads=1, timeout=0.05) as engine:
            found = await asyncio.gather(
                *(engine.score(asking((0, 1), scale=s)) for s in (1, 2)), return_exceptions=True
            )
            assert [type(error) for error in found] == [RequestTimeoutError] * 2
            gate.open.set()

    run(work())


def test_a_thread_that_does_not_come_back_is_replaced(make_model: MakeModel, caplog: pytest.LogCaptureFixture) -> None:
    """The next request is answered; the lost thread ends when its call does."""
    gate = Gate()

    def hang(data: Any) -> Any:
        return gate(data) if data["x"].iloc[0] < 0 else data["x"].to_numpy()

    async def work() -> None:
        before = threading.active_count()
        async with running(make_model(hang), threads=1, timeout=0.1) as engine:
            with pytest.raises(RequestTimeoutError):
                await engine.score(asking((-1, 0)))
            await until(lambda: engine._scheduler._lost == 1)
            assert await engine.score(asking((1, 0))) == [1]
            assert engine.ready
            gate.open.set()
            await until(lambda: engine._scheduler._lost == 0)
            await until(lambda: threading.active_count() <= before + 1)
            assert await engine.score(asking((2, 0))) == [2]

    run(work())
    assert "its thread is replaced" in caplog.text


def test_a_model_that_hangs_again_and_again_exhausts_the_engine(make_model: MakeModel) -> None:
    """It is no longer ready, and refuses at once; when calls return after all, it recovers."""
    gate = Gate()

    def hang(data: Any) -> Any:
        return gate(data) if data["x"].iloc[0] < 0 else data["x"].to_numpy()

    async def work() -> None:
        async with running(make_model(hang), threads=1, timeout=0.05) as engine:
            for _ in range(3):
                with pytest.raises(RequestTimeoutError):
                    await engine.score(asking((-1, 0)))
            await until(lambda: engine.exhausted)
            assert not engine.ready
            with pytest.raises(ModelHangsError) as caught:
                await engine.score(asking((1, 0)))
            assert caught.value.headers["Retry-After"]
            gate.open.set()
            await until(lambda: not engine.exhausted)
            await until(lambda: engine._scheduler._lost == 0)
            assert await engine.score(asking((1, 0))) == [1]
            assert engine.ready

    run(work())


def test_an_engine_works_without_having_been_started(make_model: MakeModel) -> None:
    """For whoever mounts the application and forgets its lifespan, on one loop after the other."""
    engine = Engine(make_model(), ServerSettings())
    for _ in range(2):
        assert run(engine.score(asking((1, 1)))) == [3]


def test_large_requests_are_read_in_a_thread(make_model: MakeModel) -> None:
    """Small ones on the loop, as the way to a thread and back would cost more."""
    threads: list[int] = []

    def decode() -> Payload:
        threads.append(threading.get_ident())
        return Payload([{"x": 1.0, "y": 1.0}])

    async def work() -> None:
        async with running(make_model()) as engine:
            for size in (1, LARGE):
                assert await engine.score(Invocation(decode, list, size)) == [3]

    run(work())
    assert threads[0] == threading.get_ident() != threads[1]


def test_a_slow_reader_is_given_up_in_time(make_model: MakeModel) -> None:
    """Reading counts as well."""
    done = threading.Event()

    def decode() -> Payload:
        done.wait(20)
        return Payload([{"x": 1.0, "y": 1.0}])

    async def work() -> None:
        async with running(make_model(), timeout=0.05) as engine:
            with pytest.raises(RequestTimeoutError, match="not read within"):
                await engine.score(Invocation(decode, list, LARGE))
            done.set()

    run(work())


def test_without_threads_the_model_is_called_on_the_loop(make_model: MakeModel) -> None:
    """And requests that come in the same turn go together."""
    threads: set[int] = set()
    notes = Notes()

    def note(data: Any) -> Any:
        threads.add(threading.get_ident())
        return data["x"].to_numpy()

    async def work() -> None:
        async with running(make_model(note), notes, threads=0) as engine:
            found = await asyncio.gather(*(engine.score(asking((number, 0))) for number in range(9)))
            assert found == [[number] for number in range(9)]

    run(work())
    assert threads == {threading.get_ident()}
    assert notes.batches == [(9, 9)]


def test_work_in_rows_is_shared_by_idle_threads(make_model: MakeModel) -> None:
    """Where each row takes its time, one thread for all would be the slower way."""
    notes = Notes()

    async def work() -> None:
        async with running(make_model(), notes, threads=2) as engine:
            for rows in (1, 20, 5):
                engine._scheduler._timing.observe(rows, 0.005 * rows)
            found = await asyncio.gather(*(engine.score(asking((number, 0))) for number in range(12)))
            assert found == [[2 * number] for number in range(12)]

    run(work())
    assert notes.batches == [(6, 6), (6, 6)]


def test_a_model_that_was_quick_and_hangs_does_not_hold_the_loop_up(make_model: MakeModel) -> None:
    """The loop stands by for quick calls, but not for long."""
    gate = Gate()

    def hang(data: Any) -> Any:
        return gate(data) if data["x"].iloc[0] < 0 else data["x"].to_numpy()

    async def work() -> None:
        async with running(make_model(hang), threads=2) as engine:
            for number in range(30):
                assert await engine.score(asking((number, 0))) == [number]
            engine._scheduler._timing._distracted = 0
            slow = asyncio.create_task(engine.score(asking((-1, 0))))
            await gate.reached()
            assert await engine.score(asking((1, 0))) == [1]
            assert not slow.done()
            gate.open.set()
            await slow

    run(work())


def test_a_request_whose_client_goes_away_while_it_waits_is_not_predicted(make_model: MakeModel) -> None:
    """One whose client stays is answered."""
    gate = Gate()

    async def work() -> None:
        left, never = asyncio.Event(), asyncio.Event()
        async with running(make_model(gate), threads=1) as engine:
            first = asyncio.create_task(engine.score(asking((0, 1))))
            await gate.reached()
            gone = asyncio.create_task(engine.score(replace(asking((1, 1), (2, 2)), gone=left.wait)))
            stays = asyncio.create_task(engine.score(replace(asking((3, 1)), gone=never.wait)))
            await asyncio.sleep(0)
            assert engine._scheduler.waiting == 2
            left.set()
            with pytest.raises(IncompleteBodyError):
                await gone
            assert engine._scheduler.waiting == 1
            gate.open.set()
            assert [await first, await stays] == [[1], [7]]

    run(work())
    assert gate.calls == [1, 1]


def test_a_request_that_is_alone_waits_for_no_turn_of_the_loop(make_model: MakeModel) -> None:
    """The server knows that no other request has begun to come in."""

    async def work() -> list[float]:
        async with running(make_model(lambda frame: frame["x"]), threads=0) as engine:
            engine.count_requests_by(lambda: 1)
            with pytest.raises(StopIteration) as stopped:
                engine.score(asking((1.0, 2.0))).send(None)
            answer: list[float] = stopped.value.value
            return answer

    assert run(work()) == [1.0]


def test_requests_that_come_together_go_together_without_threads(make_model: MakeModel) -> None:
    """The first of them does not go alone when the server knows of the others."""
    notes = Notes()

    async def work() -> list[list[float]]:
        async with running(make_model(lambda frame: frame["x"]), notes, threads=0) as engine:
            engine.count_requests_by(lambda: 3)
            return list(await asyncio.gather(*(engine.score(asking((float(x), 0.0))) for x in range(3))))

    assert run(work()) == [[0.0], [1.0], [2.0]]
    assert notes.batches == [(3, 3)]


def quick_or_slow(threads: list[int]) -> Callable[[Any], Any]:
    """A model that notes in which thread it is called, and takes its time for negative numbers."""

    def predict(data: Any) -> Any:
        threads.append(threading.get_ident())
        if data["x"].iloc[0] < 0:
            time.sleep(0.6)
        return data["x"].to_numpy()

    return predict


@pytest.fixture
def patient_record(monkeypatch: pytest.MonkeyPatch) -> None:
    """Quick is what takes less than half a second, whatever else this machine does."""
    for name, value in {"_PROVEN": 5, "_QUICK": 0.5, "_HELD_UP": 0.5}.items():
        monkeypatch.setattr(track_record, name, value)


@pytest.mark.usefixtures("patient_record")
@pytest.mark.parametrize("lent", [True, False])
def test_the_loop_calls_a_model_that_has_proved_to_be_quick(make_model: MakeModel, *, lent: bool) -> None:
    """Where it was lent for that; a call that takes its time after all ends it for a while."""
    threads: list[int] = []

    async def work() -> None:
        async with running(make_model(quick_or_slow(threads)), threads=1, loop_calls=True) as engine:
            if lent:
                engine.lend_loop(lambda: None)
            for number in range(20):
                assert await engine.score(asking((number, 0))) == [number]
            assert (threads[-1] == threading.get_ident()) is lent
            assert await engine.score(asking((-1, 0))) == [-1]
            assert await engine.score(asking((1, 0))) == [1]
            assert threads[-1] != threading.get_ident()

    run(work())
    assert threads[0] != threading.get_ident()


@pytest.mark.usefixtures("patient_record")
def test_help_is_called_for_when_the_loop_stands_still(make_model: MakeModel) -> None:
    """From another thread, while the call goes on."""
    threads: list[int] = []
    helped = threading.Event()

    def predict(data: Any) -> Any:
        if data["x"].iloc[0] < 0:
            assert helped.wait(timeout=30)
        return quick_or_slow(threads)(abs(data))

    async def work() -> None:
        async with running(make_model(predict), threads=1, loop_calls=True) as engine:
            engine.lend_loop(helped.set)
            for number in range(20):
                await engine.score(asking((number, 0)))
            assert await engine.score(asking((-1, 0))) == [1]

    run(work())
    assert threads[-1] == threading.get_ident()
    assert helped.is_set()

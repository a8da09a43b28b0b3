from __future__ import annotations

import contextvars
import logging
import threading
from contextvars import copy_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelpack.errors import ModelFailureError
from modelpack.pyfunc.model import PyFuncModel
from modelpack.schema.mlmodel import MLmodel
from modelpack.serving.scoring.batching import BatchPredictor, Failure, Job
from modelpack.serving.scoring.joining import kind_of, rows_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Recorder:
    """A model that is a function of an array, and remembers how many rows each call had."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self._function = function
        self.calls: list[int] = []

    def predict(self, data: Any, params: Mapping[str, Any] | None = None) -> Any:  # noqa: ARG002 - the Predictor protocol
        """Score with the function."""
        self.calls.append(len(data))
        return self._function(data)


def predictor_of(function: Callable[[Any], Any]) -> tuple[BatchPredictor, list[int]]:
    """A predictor of a function, and the rows of the calls that it makes."""
    recorder = Recorder(function)
    model = PyFuncModel(recorder, mlmodel=MLmodel(flavors={}), path=Path("none"), digest="sha256:0", native=None)
    return BatchPredictor(model), recorder.calls


def a_job(*rows: float, encode: Callable[[Any], Any] = list) -> Job:
    """A job with these rows of one column each."""
    inputs = np.array(rows, dtype="float64").reshape(-1, 1)
    return Job(inputs, None, encode, rows_of(inputs), kind_of(inputs, None), copy_context())


def answers(predictor: BatchPredictor, *jobs: Job) -> list[Any]:
    """What each job is answered."""
    return predictor.predict(jobs)[0]


def trust(predictor: BatchPredictor) -> None:
    """Let a predictor pass its trials."""
    for _ in range(3):
        answers(predictor, a_job(1), a_job(2))


def double(data: Any) -> Any:
    """A model that minds its own rows."""
    return 2 * data[:, 0]


def test_the_first_batches_are_predicted_both_ways_and_the_rest_together() -> None:
    """Each alone and all together, three times; then one call does."""
    predictor, calls = predictor_of(double)
    for _ in range(3):
        assert answers(predictor, a_job(1), a_job(2, 3)) == [[2], [4, 6]]
    assert calls == [1, 2, 3] * 3
    calls.clear()
    assert answers(predictor, a_job(4), a_job(5), a_job(6, 7)) == [[8], [10], [12, 14]]
    assert calls == [4]


def test_a_single_job_is_no_trial() -> None:
    """There is nothing to compare."""
    predictor, calls = predictor_of(double)
    for _ in range(5):
        assert answers(predictor, a_job(1)) == [[2]]
    assert calls == [1] * 5
    answers(predictor, a_job(1), a_job(2))
    assert calls[5:] == [1, 1, 2]


@pytest.mark.parametrize(
    "function",
    [
        lambda data: data[:, 0] - data[:, 0].mean(),
        lambda data: data[:, 0] / np.abs(data).max(),
        lambda data: np.argsort(np.argsort(data[:, 0])),
        lambda data: np.arange(len(data)),
        lambda data: data[:, 0] * len(data),
        lambda data: list(np.cumsum(data[:, 0])),
    ],
)
def test_a_model_whose_answers_depend_on_the_batch_is_never_given_one(
    function: Callable[[Any], Any], caplog: pytest.LogCaptureFixture
) -> None:
    """Every job is answered as if it were alone, from the first on; the log says so once."""
    predictor, calls = predictor_of(function)
    jobs = [a_job(3, 1), a_job(5), a_job(2, 7, 1)]
    expected = [list(function(job.inputs)) for job in jobs]
    with caplog.at_level(logging.WARNING):
        for _ in range(5):
            assert answers(predictor, *jobs) == expected
    assert not predictor.joins
    assert calls[4:] == [2, 1, 3] * 4
    assert caplog.text.count("one by one") == 1
    assert "answers differently" in caplog.text


def test_rows_that_are_all_the_same_prove_nothing_about_others() -> None:
    """`x - x.mean()` is 0 for them together as for each alone: others still are tried."""
    predictor, calls = predictor_of(lambda data: data[:, 0] - data[:, 0].mean())
    for _ in range(5):
        assert answers(predictor, a_job(3), a_job(3)) == [[0], [0]]
    assert calls == [1, 1, 2] * 3 + [2] * 2
    assert answers(predictor, a_job(3), a_job(5)) == [[0], [0]]
    assert not predictor.joins


@pytest.mark.parametrize("answer", [[1.0], np.array(1.0), "text", {"mean": 1.0}, None, {}], ids=repr)
def test_a_model_that_answers_no_row_for_each_is_not_given_batches(
    answer: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """An aggregate is answered as it is."""
    predictor, _ = predictor_of(lambda _: answer)
    outcomes = answers(predictor, a_job(1, 2, encode=lambda output: output), a_job(3, 4, encode=lambda output: output))
    assert outcomes == [answer, answer]
    assert not predictor.joins
    assert "does not answer one row" in caplog.text


def test_a_trusted_model_that_answers_too_few_rows_loses_the_trust(caplog: pytest.LogCaptureFixture) -> None:
    """Each job is predicted again, alone."""
    predictor, calls = predictor_of(lambda data: data[:4, 0])
    trust(predictor)
    calls.clear()
    assert answers(predictor, a_job(1, 2), a_job(3, 4), a_job(5)) == [[1, 2], [3, 4], [5]]
    assert calls == [5, 2, 2, 1]
    assert not predictor.joins
    assert "4 rows for 5" in caplog.text


def fail_for_negatives(data: Any) -> Any:
    """A model that cannot take a row below 0."""
    if (data < 0).any():
        raise ValueError("below 0")
    return double(data)


@pytest.mark.parametrize("trusted", [True, False])
def test_one_bad_row_fails_its_own_job_only(*, trusted: bool) -> None:
    """The others are answered, and go on being predicted together."""
    predictor, _ = predictor_of(fail_for_negatives)
    if trusted:
        trust(predictor)
    outcomes = answers(predictor, *(a_job(number) for number in range(25)), a_job(-1), a_job(1, 2))
    failed = outcomes.pop(25)
    assert outcomes == [[2 * number] for number in range(25)] + [[2, 4]]
    assert isinstance(failed, Failure)
    assert isinstance(failed.error, ModelFailureError)
    assert predictor.joins


@pytest.mark.parametrize("trusted", [True, False])
def test_a_model_that_cannot_take_batches_is_found_out(*, trusted: bool) -> None:
    """It fails for jobs together and for none alone."""
    limit = [100 if trusted else 1]

    def one_row_only(data: Any) -> Any:
        if len(data) > limit[0]:
            raise ValueError("one row, please")
        return double(data)

    predictor, calls = predictor_of(one_row_only)
    if trusted:
        trust(predictor)
    limit[0] = 1
    assert answers(predictor, a_job(1), a_job(2)) == [[2], [4]]
    assert not predictor.joins
    calls.clear()
    assert answers(predictor, a_job(1), a_job(2)) == [[2], [4]]
    assert calls == [1, 1]


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), StopIteration(1), MemoryError()], ids=repr)
@pytest.mark.parametrize("jobs", [1, 2])
def test_nothing_that_a_model_raises_leaves_the_call(error: BaseException, jobs: int) -> None:
    """It becomes a failure that a request can end with."""

    def leave(_: Any) -> Any:
        raise error

    predictor, _ = predictor_of(leave)
    for outcome in answers(predictor, *(a_job(number) for number in range(jobs))):
        assert isinstance(outcome, Failure)
        assert isinstance(outcome.error, ModelFailureError)


@pytest.mark.parametrize("trusted", [True, False])
def test_an_answer_that_cannot_be_encoded_fails_its_own_job_only(*, trusted: bool) -> None:
    """Encoding is part of the job."""

    def refuse(_: Any) -> Any:
        raise ModelFailureError("no form for this")

    predictor, _ = predictor_of(double)
    if trusted:
        trust(predictor)
    first, second = answers(predictor, a_job(1, encode=refuse), a_job(2))
    assert isinstance(first, Failure)
    assert second == [4]


def test_answers_of_a_reused_buffer_do_not_overwrite_each_other() -> None:
    """Some runtimes hand the same memory out again: each answer is written before the next call."""
    buffer = np.zeros(8)

    def reuse(data: Any) -> Any:
        buffer[: len(data)] = double(data)
        return buffer[: len(data)]

    predictor, _ = predictor_of(reuse)
    for _ in range(3):
        assert answers(predictor, a_job(1), a_job(2), a_job(3)) == [[2], [4], [6]]


def test_context_variables_of_the_request_are_seen_when_it_is_predicted_alone() -> None:
    """Such as the request's id, in what the model logs."""
    name: contextvars.ContextVar[str] = contextvars.ContextVar("name", default="none")
    predictor, _ = predictor_of(lambda data: [name.get()] * len(data))
    token = name.set("mine")
    job = a_job(1)
    name.reset(token)
    assert answers(predictor, job) == [["mine"]]


def test_a_predictor_that_shall_not_join_does_not() -> None:
    """Whatever it is given."""
    recorder = Recorder(double)
    model = PyFuncModel(recorder, mlmodel=MLmodel(flavors={}), path=Path("none"), digest="sha256:0", native=None)
    predictor = BatchPredictor(model, joins=False)
    assert answers(predictor, a_job(1), a_job(2)) == [[2], [4]]
    assert recorder.calls == [1, 1]


def test_rows_that_do_not_compare_prove_nothing() -> None:
    """Arrays within an array of objects: every batch is tried anew, and answered right."""
    predictor, calls = predictor_of(lambda data: [len(row[0]) for row in data])
    inner = np.empty((1, 1), dtype="O")
    inner[0, 0] = np.arange(3)
    other = inner.copy()
    other[0, 0] = np.arange(3)
    jobs = [Job(each, None, list, 1, kind_of(each, None), copy_context()) for each in (inner, other)]
    for _ in range(5):
        assert answers(predictor, *jobs) == [[3], [3]]
    assert calls == [1, 1, 2] * 5


@given(st.lists(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=5), min_size=1, max_size=8))
def test_answers_in_batches_are_those_of_each_alone(batches: list[list[float]]) -> None:
    """Whatever the rows and however they are cut."""
    predictor, _ = predictor_of(lambda data: np.column_stack([data[:, 0], np.signbit(data[:, 0])]))
    trust(predictor)
    outcomes = answers(predictor, *(a_job(*rows, encode=lambda output: output.tolist()) for rows in batches))
    assert outcomes == [[[row, float(np.signbit(row))] for row in rows] for rows in batches]


def test_threads_may_share_a_predictor() -> None:
    """Trials that run at the same time count once each, and every answer is right."""
    predictor, _ = predictor_of(double)
    wrong: list[Any] = []

    def work(base: int) -> None:
        for number in range(50):
            first, second = base + number, base - number - 1
            found = answers(predictor, a_job(first), a_job(second))
            if found != [[2 * first], [2 * second]]:
                wrong.append(found)

    threads = [threading.Thread(target=work, args=(1000 * number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert predictor.joins

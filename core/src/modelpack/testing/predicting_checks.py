"""Checks of the generic Python view: a DataFrame (or arrays) in, predictions out."""

from __future__ import annotations

import json
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from modelpack.testing.asgi import post
from modelpack.testing.compare import difference, row_count, rows, twice
from modelpack.testing.suite import Suite, declared, needed

if TYPE_CHECKING:
    from collections.abc import Callable

    from modelpack.pyfunc import PyFuncModel
    from modelpack.testing.cases import FlavorCase
    from modelpack.testing.workbench import Workbench

JSON_TOLERANCE = 1e-6
OK = 200
PYFUNC = "test_pyfunc_predicts_as_the_library"


class PredictingChecks(Suite):
    """What a loaded model answers."""

    def test_pyfunc_predicts_as_the_library(self, workbench: Workbench, case: FlavorCase) -> None:
        """Through pyfunc the model answers what the library answers by itself.

        If this fails: the predictor answers the library's predictions as they are: an ndarray, Series, DataFrame or
        dict of arrays. If it raises, it does not take what the signature says: a DataFrame for columns.
        """
        needed(lambda: workbench.generic_view(case), "test_saves_a_valid_model")
        predicted = workbench.pyfunc(case).predict(workbench.inputs(case))
        assert _is_answer(predicted), f"the predictor answers a {type(predicted).__qualname__}"
        if self.deterministic:
            told = difference(predicted, workbench.expected(case), case.tolerance)
            assert told is None, told

    def test_one_row_and_many(self, workbench: Workbench, case: FlavorCase) -> None:
        """There is one prediction for each row, whatever the number of rows.

        If this fails: answer an array for one row too; do not rely on the number of rows that came first.
        """
        model, predicted = self._predicted(workbench, case)
        inputs = workbench.inputs(case)
        assert row_count(predicted) == row_count(inputs)
        for given, expected in ((rows(inputs, 0, 1), rows(predicted, 0, 1)), (twice(inputs), twice(predicted))):
            answer = model.predict(given)
            assert _is_answer(answer), f"{row_count(given)} rows: the answer is a {type(answer).__qualname__}"
            assert row_count(answer) == row_count(given)
            told = difference(answer, expected, case.tolerance) if self.deterministic else None
            assert told is None, f"{row_count(given)} rows: {told}"

    def test_input_is_left_unchanged(self, workbench: Workbench, case: FlavorCase) -> None:
        """The caller's data is the caller's.

        If this fails: work on a copy of what you change; many libraries write into arrays they are given.
        """
        model, _ = self._predicted(workbench, case)
        inputs, kept = workbench.inputs(case), workbench.inputs(case)
        model.predict(inputs)
        assert _same_data(inputs, kept), "predicting changed its input"

    def test_threads_agree(self, workbench: Workbench, case: FlavorCase) -> None:
        """Several threads may predict with one model at a time; the server does.

        If this fails: keep nothing of a call in the predictor or the model. If the library cannot, take a lock in the
        predictor; `thread_safe = False` is the last resort.
        """
        declared(self.thread_safe and self.deterministic, "thread_safe and deterministic")
        model, predicted = self._predicted(workbench, case)
        inputs = workbench.inputs(case)
        starts = [*range(row_count(inputs))] * 4
        parts = [rows(inputs, start, start + 1) for start in starts]
        expected = [rows(predicted, start, start + 1) for start in starts]
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(model.predict, parts))
        for answer, single in zip(answers, expected, strict=True):
            told = difference(answer, single, case.tolerance)
            assert told is None, f"in a thread among four: {told}"

    def test_params_reach_the_library(self, workbench: Workbench, case: FlavorCase) -> None:
        """Params of the signature change predictions as the library's own do.

        If this fails: hand `params` on in the predictor's `predict(data, params)`.
        """
        declared(self.supports_params, "supports_params")
        declared(case.other_params is not None, f"other_params of the case {case.name!r}")
        model, predicted = self._predicted(workbench, case)
        if difference(predicted, workbench.expected(case), case.tolerance) is not None:
            pytest.skip(f"not reached: {PYFUNC} tells why")
        params, expected = dict(case.other_params or {}), workbench.expected_otherwise(case)
        told = difference(model.predict(workbench.inputs(case), params), expected, case.tolerance)
        assert told is None, told

    def test_array_is_answered_as_the_frame(self, workbench: Workbench, case: FlavorCase) -> None:
        """A predictor that says `takes_arrays` answers the same for an array, and warns of nothing more.

        If this fails: do not look columns up by name, and do not let the library miss the names that it was fitted to;
        or leave `takes_arrays` out, and every table comes as a DataFrame.
        """
        from modelpack.pyfunc.enforcement import Enforcer

        model, _ = self._predicted(workbench, case)
        if not model.takes_arrays:
            return  # nothing was claimed of this case
        enforcer = Enforcer(model.signature, model.policy)
        frame, params = enforcer.inputs(workbench.inputs(case)), enforcer.params(None)
        expected, warned = _heard(lambda: model.predict_enforced(frame, params))
        answer, heard = _heard(lambda: model.predict_enforced(frame.to_numpy(), params))
        assert type(answer) is type(expected), f"for an array the answer is a {type(answer).__qualname__}"
        assert heard <= warned, f"for an array the library warns: {'; '.join(sorted(heard - warned))}"
        told = difference(answer, expected, case.tolerance) if self.deterministic else None
        assert told is None, f"for an array: {told}"

    def test_invocations_answer_as_predict(self, workbench: Workbench, case: FlavorCase) -> None:
        """The scoring server takes the rows as JSON and answers what `predict` answers, as JSON.

        If this fails: the predictor answers something that has no JSON form, or relies on what JSON does not carry,
        such as the index of a DataFrame or the exact width of a number.
        """
        from modelpack.serving.app import create_app

        model, predicted = self._predicted(workbench, case)
        for body in _bodies(workbench.inputs(case)):
            form = next(iter(body))
            status, answer = post(create_app(model), "/invocations", json.dumps(body).encode(), "application/json")
            assert status == OK, f"{form}: status {status}: {answer.decode()}"
            answered = _as_data(json.loads(answer)["predictions"])
            told = difference(answered, _as_data(predicted), max(case.tolerance, JSON_TOLERANCE))
            assert told is None or not self.deterministic, f"{form}: {told}"

    def _predicted(self, workbench: Workbench, case: FlavorCase) -> tuple[PyFuncModel, Any]:
        """The loaded model and its predictions, or a skip."""
        needed(lambda: workbench.saved(case), "test_saves_a_valid_model")
        model = needed(lambda: workbench.pyfunc(case), PYFUNC)
        predicted = needed(lambda: model.predict(workbench.inputs(case)), PYFUNC)
        return model, predicted


def _heard(predict: Callable[[], Any]) -> tuple[Any, set[str]]:
    """What it answers, and what it warns of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        answer = predict()
    return answer, {str(each.message) for each in caught}


def _is_answer(value: Any) -> bool:
    if isinstance(value, dict):
        return all(map(_is_answer, value.values()))
    return hasattr(value, "__array__") and hasattr(value, "__len__") and getattr(value, "ndim", 1) > 0


def _same_data(first: Any, second: Any) -> bool:
    import numpy as np

    if isinstance(first, dict):
        return first.keys() == second.keys() and all(_same_data(first[key], second[key]) for key in first)
    if hasattr(first, "equals"):
        return bool(first.equals(second))
    return bool(first.dtype == second.dtype and np.array_equal(first, second))


def _bodies(inputs: Any) -> list[dict[str, Any]]:
    """The rows as bodies of a request, in the forms that carry them."""
    if hasattr(inputs, "iloc"):
        text = {orient: json.loads(inputs.to_json(orient=orient)) for orient in ("split", "records")}
        return [{f"dataframe_{orient}": value} for orient, value in text.items()]
    if isinstance(inputs, dict):
        return [{"inputs": {name: value.tolist() for name, value in inputs.items()}}]
    return [{"inputs": inputs.tolist()}]


def _as_data(value: Any) -> Any:
    """Predictions as nested lists in the order of rows and columns, as they stand in JSON."""
    if isinstance(value, dict):
        return {name: _as_data(each) for name, each in value.items()}
    if hasattr(value, "to_numpy"):
        value = value.to_numpy()
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [list(row.values()) for row in value]
    return value

"""Checks of the generic Python view: a DataFrame (or arrays) in, predictions out."""

from __future__ import annotations

import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from modelpack.errors import ModelpackError
from modelpack.testing.compare import difference, kinds, row_count, rows, twice
from modelpack.testing.skips import declared, needed
from modelpack.testing.suite import PYFUNC, Suite, predicted_by

if TYPE_CHECKING:
    from modelpack.testing.cases import FlavorCase
    from modelpack.testing.workbench import Workbench


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

    def test_predictions_keep_their_type(self, workbench: Workbench, case: FlavorCase) -> None:
        """Numbers are answered as numbers, whole numbers as whole ones, text as text, as the library answers them.

        If this fails: answer the library's array, or a DataFrame whose columns have its types; not arrays of objects.
        """
        _, predicted = predicted_by(workbench, case)
        answered, expected = kinds(predicted), kinds(workbench.expected(case))
        assert answered == expected, f"{answered} are answered, where the library answers {expected}"

    def test_one_row_and_many(self, workbench: Workbench, case: FlavorCase) -> None:
        """There is one prediction for each row, whatever the number of rows.

        If this fails: answer an array for one row too; do not rely on the number of rows that came first.
        """
        model, predicted = predicted_by(workbench, case)
        inputs = workbench.inputs(case)
        assert row_count(predicted) == row_count(inputs)
        for given, expected in ((rows(inputs, 0, 1), rows(predicted, 0, 1)), (twice(inputs), twice(predicted))):
            answer = model.predict(given)
            assert _is_answer(answer), f"{row_count(given)} rows: the answer is a {type(answer).__qualname__}"
            assert row_count(answer) == row_count(given)
            told = difference(answer, expected, case.tolerance) if self.deterministic else None
            assert told is None, f"{row_count(given)} rows: {told}"

    def test_no_rows(self, workbench: Workbench, case: FlavorCase) -> None:
        """No rows give no predictions, or an error in words.

        If this fails: answer an empty array where the library does not take an empty batch.
        """
        model, _ = predicted_by(workbench, case)
        try:
            with warnings.catch_warnings(action="ignore"):  # a library may wonder
                answer = model.predict(rows(workbench.inputs(case), 0, 0))
        except ModelpackError:
            return
        assert _is_answer(answer), f"the answer is a {type(answer).__qualname__}"
        assert row_count(answer) == 0, f"{row_count(answer)} predictions"

    def test_threads_agree(self, workbench: Workbench, case: FlavorCase) -> None:
        """Several threads may predict with one model at a time; the server does.

        If this fails: keep nothing of a call in the predictor or the model. If the library cannot, take a lock in the
        predictor; `thread_safe = False` is the last resort.
        """
        declared(self.thread_safe and self.deterministic, "thread_safe and deterministic")
        model, predicted = predicted_by(workbench, case)
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
        model, predicted = predicted_by(workbench, case)
        if difference(predicted, workbench.expected(case), case.tolerance) is not None:
            pytest.skip(f"not reached: {PYFUNC} tells why")
        params, expected = dict(case.other_params or {}), workbench.expected_otherwise(case)
        told = difference(model.predict(workbench.inputs(case), params), expected, case.tolerance)
        assert told is None, told


def _is_answer(value: Any) -> bool:
    if isinstance(value, dict):
        return all(map(_is_answer, value.values()))
    return hasattr(value, "__array__") and hasattr(value, "__len__") and getattr(value, "ndim", 1) > 0

"""Checks of what a model is given: whoever made the data, and however it lies in memory."""

from __future__ import annotations

import json
import warnings
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from modelpack.errors import ModelpackError
from modelpack.testing.compare import difference
from modelpack.testing.layouts import in_steps, is_frame, read_only, same_data, sideways
from modelpack.testing.skips import applicable, declared
from modelpack.testing.suite import Suite, predicted_by

if TYPE_CHECKING:
    from collections.abc import Callable

    from modelpack.pyfunc import PyFuncModel
    from modelpack.testing.cases import FlavorCase
    from modelpack.testing.workbench import Workbench

EXTRA = "a column of no model"


class InputChecks(Suite):
    """What a loaded model makes of its input."""

    def test_input_is_left_unchanged(self, workbench: Workbench, case: FlavorCase) -> None:
        """The caller's data is the caller's.

        If this fails: work on a copy of what you change; many libraries write into arrays they are given.
        """
        model, _ = predicted_by(workbench, case)
        inputs, kept = workbench.inputs(case), workbench.inputs(case)
        model.predict(inputs)
        assert same_data(inputs, kept), "predicting changed its input"

    def test_read_only_input_is_taken(self, workbench: Workbench, case: FlavorCase) -> None:
        """Data that cannot be written to is scored as any other; Arrow, binary tensors and pandas give such.

        If this fails: work on a copy, even if you undo what you change; hand the library a copy where it insists on
        memory that it may write to.
        """
        model, predicted = predicted_by(workbench, case)
        inputs = workbench.inputs(case)
        model.predict(inputs)
        if not same_data(inputs, workbench.inputs(case)):
            pytest.skip("not reached: test_input_is_left_unchanged tells why")
        self._check_answer(model, read_only(workbench.inputs(case)), predicted, case, "read-only")

    def test_memory_layout_does_not_matter(self, workbench: Workbench, case: FlavorCase) -> None:
        """Data that lies in memory column by column, or in steps, is scored as any other.

        If this fails: give the library `numpy.ascontiguousarray(…)` where it reads memory by itself.
        """
        model, predicted = predicted_by(workbench, case)
        for lay, name in ((sideways, "column by column"), (in_steps, "in steps")):
            self._check_answer(model, lay(workbench.inputs(case)), predicted, case, name)

    def test_index_is_kept(self, workbench: Workbench, case: FlavorCase) -> None:
        """Predictions stand in the order of the rows, whatever their index; with an index, they have that one.

        If this fails: do not align by the index; give a Series or DataFrame that you answer the index of the input.
        """
        model, predicted = predicted_by(workbench, case)
        inputs = workbench.inputs(case)
        applicable(is_frame(inputs), "the case has no frame")
        inputs.index = [f"row {(7 * place) % 10}{place}" for place in range(len(inputs))]
        answer = self._check_answer(model, inputs, predicted, case, "with an index of texts")
        if hasattr(answer, "index"):
            assert list(answer.index) == list(inputs.index), "the predictions have another index than the rows"

    def test_columns_are_known_by_name(self, workbench: Workbench, case: FlavorCase) -> None:
        """Without a signature, columns in another order or too many are told apart by name, or refused.

        If this fails: choose the columns by the names that the model was fitted to, or compare them and raise
        `SchemaError`; some libraries take columns by position and say nothing. Where models know no names, set
        `knows_columns = False`.
        """
        import modelpack

        declared(self.knows_columns, "knows_columns")
        _, predicted = predicted_by(workbench, case)
        inputs = workbench.inputs(case)
        named = is_frame(inputs) and len(inputs.columns) > 1 and all(isinstance(name, str) for name in inputs.columns)
        applicable(named, "the case has no columns with names")
        path = workbench.copy(case, lambda fields: fields.pop("signature", None))
        model = modelpack.pyfunc.load_model(path, trust=True, plugins=workbench.manager)
        self._check_answer(model, inputs, predicted, case, "without a signature")
        more = inputs.assign(**{EXTRA: inputs.iloc[:, 0]})[[EXTRA, *inputs.columns]]
        for name, given in (("in another order", inputs.iloc[:, ::-1]), ("and one more", more)):
            told = _told(partial(model.predict, given), predicted, case)
            assert told is None or not self.deterministic, f"columns {name} are taken for others: {told}"

    def test_array_is_answered_as_the_frame(self, workbench: Workbench, case: FlavorCase) -> None:
        """A predictor that says `takes_arrays` answers the same for an array, and warns of nothing more.

        If this fails: do not look columns up by name, and do not let the library miss the names that it was fitted to;
        or leave `takes_arrays` out, and every table comes as a DataFrame.
        """
        from modelpack.pyfunc.enforcement import Enforcer

        model, _ = predicted_by(workbench, case)
        applicable(model.takes_arrays, "the model takes no arrays for its columns")
        enforcer = Enforcer(model.signature, model.policy)
        frame, params = enforcer.inputs(workbench.inputs(case)), enforcer.params(None)
        expected, warned = _heard(lambda: model.predict_enforced(frame, params))
        answer, heard = _heard(lambda: model.predict_enforced(frame.to_numpy(), params))
        assert type(answer) is type(expected), f"for an array the answer is a {type(answer).__qualname__}"
        assert heard <= warned, f"for an array the library warns: {'; '.join(sorted(heard - warned))}"
        told = difference(answer, expected, case.tolerance) if self.deterministic else None
        assert told is None, f"for an array: {told}"

    def test_arrays_follow_the_signature(self, workbench: Workbench, case: FlavorCase) -> None:
        """Where the signature has the columns in another order than the model, arrays are read in that order.

        If this fails: set `takes_arrays` only where the signature has the names and the order that the model was fitted
        to.
        """
        import modelpack

        model, predicted = predicted_by(workbench, case)
        inputs = workbench.inputs(case)
        applicable(model.takes_arrays and is_frame(inputs), "the model takes no arrays for its columns")
        path = workbench.copy(case, _reverse_inputs)
        turned = modelpack.pyfunc.load_model(path, trust=True, plugins=workbench.manager)
        if not turned.takes_arrays:
            return  # it says so
        frame, params = inputs.iloc[:, ::-1], turned.enforce(inputs)[1]
        told = _told(lambda: turned.predict_enforced(frame, params), predicted, case)
        if told is not None:
            pytest.skip("not reached: test_columns_are_known_by_name tells why")
        told = _told(lambda: turned.predict_enforced(frame.to_numpy(), params), predicted, case)
        assert told is None or not self.deterministic, f"an array in the order of the signature: {told}"

    def _check_answer(self, model: PyFuncModel, given: Any, predicted: Any, case: FlavorCase, name: str) -> Any:
        answer = model.predict(given)
        told = difference(answer, predicted, case.tolerance) if self.deterministic else None
        assert told is None, f"{name}: {told}"
        return answer


def _told(predict: Callable[[], Any], predicted: Any, case: FlavorCase) -> str | None:
    """What tells an answer from the predictions; None when nothing does, or when it is refused."""
    try:
        return difference(predict(), predicted, case.tolerance)
    except ModelpackError:
        return None


def _reverse_inputs(fields: dict[str, Any]) -> None:
    """Turn the columns of a signature round."""
    inputs = fields["signature"]["inputs"]
    turned = (json.loads(inputs) if isinstance(inputs, str) else inputs)[::-1]
    fields["signature"]["inputs"] = json.dumps(turned)


def _heard(predict: Callable[[], Any]) -> tuple[Any, set[str]]:
    """What it answers, and what it warns of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        answer = predict()
    return answer, {str(each.message) for each in caught}

"""Checks of what the scoring server answers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from modelpack.testing.asgi import Request, answer
from modelpack.testing.compare import difference
from modelpack.testing.server_requests import as_data, infer_requests, outputs_of, rows_requests
from modelpack.testing.skips import needed
from modelpack.testing.suite import Suite, predicted_by

if TYPE_CHECKING:
    from modelpack.pyfunc import PyFuncModel
    from modelpack.testing.cases import FlavorCase
    from modelpack.testing.workbench import Workbench

JSON_TOLERANCE = 1e-6
OK = 200
INVOCATIONS = "test_invocations_answer_as_predict"


class ServingChecks(Suite):
    """What a served model answers."""

    def test_invocations_answer_as_predict(self, workbench: Workbench, case: FlavorCase) -> None:
        """`/invocations` takes the rows in every format that carries them, and answers what `predict` answers, as JSON.

        If this fails: the predictor answers something that has no JSON form, or relies on what a request does not
        carry, such as the index of a DataFrame or the exact width of a number.
        """
        model, predicted = predicted_by(workbench, case)
        for form, request in rows_requests(workbench.inputs(case)).items():
            answered = as_data(_sent(model, request, form)["predictions"])
            told = difference(answered, as_data(predicted), max(case.tolerance, JSON_TOLERANCE))
            assert told is None or not self.deterministic, f"{form}: {told}"

    def test_v2_answers_as_predict(self, workbench: Workbench, case: FlavorCase) -> None:
        """`/v2/models/…/infer` takes tensors and answers what `predict` answers, as the metadata promises.

        If this fails: answer the names and the types that the library answers, so that the signature says them too;
        the message shows both.
        """
        model, predicted = predicted_by(workbench, case)
        needed(lambda: self._invoke(workbench, case, model), INVOCATIONS)
        promised = _sent(model, Request(path="/v2/models/model", method="GET"), "metadata")
        for form, request in infer_requests(workbench.inputs(case), promised["inputs"]).items():
            tensors = _sent(model, request, form)["outputs"]
            told = difference(outputs_of(tensors, predicted), as_data(predicted), max(case.tolerance, JSON_TOLERANCE))
            assert told is None or not self.deterministic, f"{form}: {told}"
            assert _described(tensors) == _described(promised["outputs"]), f"{form}: other tensors than promised"

    def _invoke(self, workbench: Workbench, case: FlavorCase, model: PyFuncModel) -> None:
        for form, request in rows_requests(workbench.inputs(case)).items():
            _sent(model, request, form)


def _sent(model: PyFuncModel, request: Request, form: str) -> Any:
    """What the server answers to a request that is in order."""
    from modelpack.serving.app import create_app

    status, body = answer(create_app(model), request)
    assert status == OK, f"{form}: status {status}: {body.decode(errors='replace')}"
    return json.loads(body)


def _described(tensors: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(tensor["name"], tensor["datatype"]) for tensor in tensors]

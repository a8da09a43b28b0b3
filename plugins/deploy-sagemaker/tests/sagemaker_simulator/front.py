"""The application that every request reaches first: it checks, refuses, answers for SageMaker, or leaves it to moto."""

from __future__ import annotations

import json
import uuid
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Response

from sagemaker_simulator import operations, refusals, registry, scaling
from sagemaker_simulator.calls import QUOTAS, RUNTIME, Call, read_call
from sagemaker_simulator.control import PREFIX
from sagemaker_simulator.failures import AT_ONCE, Failure, refusal
from sagemaker_simulator.paging import with_small_pages
from sagemaker_simulator.place import ACCOUNT
from sagemaker_simulator.refusals import Refusal
from sagemaker_simulator.shapes import check_answer, check_request
from sagemaker_simulator.tags import check_tags

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sagemaker_simulator.account import Account
    from sagemaker_simulator.calls import Params
    from sagemaker_simulator.control import Control
    from sagemaker_simulator.place import Place

_CHECKED = frozenset({"sagemaker", RUNTIME, QUOTAS, "application-autoscaling", "ecr", "iam"})


class Front:
    """Answers requests."""

    def __init__(self, account: Callable[[], Account], control: Control, moto: Any) -> None:
        """Answer for the account of the moment, with moto behind."""
        self._account = account
        self._control = control
        self._moto = moto

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer one request."""
        if environ["PATH_INFO"].startswith(PREFIX):
            return self._control.answer(environ)(environ, start_response)
        account = self._account()
        if environ["PATH_INFO"].startswith(registry.PREFIX) and "AWS4" not in environ.get("HTTP_AUTHORIZATION", ""):
            return account.registry.answer(environ)(environ, start_response)
        service = "sagemaker"
        try:
            call = read_call(environ)
            if call is None:
                return self._left_to_moto(environ, start_response)
            service = call.service
            account.calls.append(call)
            environ = with_small_pages(environ, call, account.settings.page_size)
            answer = self._answered(account, call, environ)
        except Refusal as error:
            answer = refusals.response(error, service)
        if answer is None:
            return self._left_to_moto(environ, start_response)
        answer.headers.setdefault("x-amzn-RequestId", str(uuid.uuid4()))
        return answer(environ, start_response)

    def _left_to_moto(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        answer: Iterable[bytes] = self._moto(environ, start_response)
        return answer

    def _answered(self, account: Account, call: Call, environ: dict[str, Any]) -> Response | None:
        """The answer, if moto does not give it."""
        failure = account.failures.next_of(call.operation)
        if failure in AT_ONCE:
            raise refusal(failure, call, ACCOUNT)
        if call.service in _CHECKED:
            check_request(call.service, call.operation, call.params)
        answer = _own(account, call, failure)
        if failure is Failure.LOST_ANSWER:
            self._let_moto_do(answer, environ)
            raise refusal(failure, call, ACCOUNT)
        if call.service == "ecr" and account.hosts_images:
            return self._hosted(account, environ)
        if call.service == "application-autoscaling":
            return self._scaled(account, call, environ)
        return answer

    def _let_moto_do(self, answer: Response | None, environ: dict[str, Any]) -> None:
        if answer is None:
            Response.from_app(self._moto, environ, buffered=True)

    def _hosted(self, account: Account, environ: dict[str, Any]) -> Response:
        """ECR's answer, with this registry in the place of its host."""
        answer = Response.from_app(self._moto, environ, buffered=True)
        host = f"{ACCOUNT}.dkr.ecr.{account.settings.region}.amazonaws.com/"
        answer.set_data(answer.get_data().replace(host.encode(), f"{account.settings.address}/".encode()))
        return answer

    def _scaled(self, account: Account, call: Call, environ: dict[str, Any]) -> Response:
        place = account.place(call.region)
        with place.lock:
            scaling.check(place, call.operation, call.params)
            answer = Response.from_app(self._moto, environ, buffered=True)
            if answer.status_code == HTTPStatus.OK:
                scaling.after(place, call.operation, call.params)
        return answer


def _own(account: Account, call: Call, failure: Failure | None) -> Response | None:
    """The answer of those services that moto does not answer for."""
    place = account.place(call.region)
    if call.service == RUNTIME:
        return operations.RUNTIME[call.operation](place, call.params)
    if call.service not in {"sagemaker", QUOTAS}:
        return None
    with place.lock:
        content = _content(place, call, failure)
    check_answer(call.service, call.operation, content)
    return Response(json.dumps(content), content_type="application/x-amz-json-1.1")


def _content(place: Place, call: Call, failure: Failure | None) -> Params:
    check_tags(call.params)
    if call.operation in operations.IN_TIME:
        return operations.IN_TIME[call.operation](place, call.params, failure)
    known = operations.QUOTAS if call.service == QUOTAS else operations.AT_ONCE
    if call.operation not in known:
        raise Refusal("UnknownOperationException", f"the simulator does not know {call.operation}")
    return known[call.operation](place, call.params)

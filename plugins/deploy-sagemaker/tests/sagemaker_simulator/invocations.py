"""`InvokeEndpoint`: a request goes to one variant's server, and its answer back."""

from __future__ import annotations

import http.client
from functools import partial
from typing import TYPE_CHECKING

from werkzeug.wrappers import Response

from sagemaker_simulator import capturing
from sagemaker_simulator.container import Answer
from sagemaker_simulator.place import ACCOUNT
from sagemaker_simulator.refusals import Refusal

if TYPE_CHECKING:
    from sagemaker_simulator.calls import Params
    from sagemaker_simulator.endpoint import Endpoint, Fleet, Variant
    from sagemaker_simulator.place import Place

_SERVING = frozenset({"InService", "Updating", "SystemUpdating", "RollingBack", "UpdateRollbackFailed"})
_ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"
_PASSED = {"ContentType": "Content-Type", "Accept": "Accept", "CustomAttributes": _ATTRIBUTES}


def invoke_endpoint(place: Place, params: Params) -> Response:
    """Answer as the model does."""
    with place.lock:
        endpoint = serving_endpoint(place, params["EndpointName"])
        variant = _chosen(endpoint, params.get("TargetVariant"))
        container = variant.container
        assert container is not None
        container.take()
        shadows = _shadows_of(endpoint, variant)
    for shadow in shadows:
        place.account.work.begin(partial(_copy_to, shadow, params))
    try:
        answer = ask(variant, params)
    finally:
        container.release()
    if answer.status >= http.client.MULTIPLE_CHOICES:
        raise model_error(place, variant, answer)
    capturing.capture(endpoint, variant.name, params, answer)
    return _response(variant, answer)


def _response(variant: Variant, answer: Answer) -> Response:
    found = Response(answer.body, content_type=answer.content_type)
    found.headers["x-Amzn-Invoked-Production-Variant"] = variant.name
    if _ATTRIBUTES.lower() in answer.headers:
        found.headers[_ATTRIBUTES] = answer.headers[_ATTRIBUTES.lower()]
    return found


def serving_endpoint(place: Place, name: str) -> Endpoint:
    """An endpoint that answers.

    Raises:
        Refusal: There is none.
    """
    endpoint = place.endpoints.get(name)
    if endpoint is None or endpoint.status not in _SERVING or not _runs(endpoint):
        raise Refusal("ValidationError", f"Endpoint {name} of account {ACCOUNT} not found.")
    return endpoint


def _runs(endpoint: Endpoint) -> bool:
    """Whether there are servers; a foreign endpoint has none."""
    return endpoint.fleet is not None and all(variant.container for variant in endpoint.fleet.production)


def is_asynchronous(endpoint: Endpoint) -> bool:
    """Whether an endpoint answers by way of S3."""
    return endpoint.fleet is not None and "AsyncInferenceConfig" in endpoint.fleet.content


def _chosen(endpoint: Endpoint, target: str | None) -> Variant:
    if is_asynchronous(endpoint):
        raise Refusal("ValidationError", f"Endpoint {endpoint.name} of account {ACCOUNT} is asynchronous.")
    return choose(endpoint, target)


def choose(endpoint: Endpoint, target: str | None = None) -> Variant:
    """The variant that answers the next request.

    Raises:
        Refusal: There is no such target.
    """
    if target is None:
        return endpoint.traffic.next(endpoint.shares())
    assert endpoint.leading is not None
    for variant in endpoint.leading.production:
        if variant.name == target:
            return variant
    raise Refusal("ValidationError", f"Variant {target} not found for endpoint {endpoint.name} of account {ACCOUNT}.")


def ask(variant: Variant, params: Params) -> Answer:
    """Send a request to a variant's server."""
    assert variant.container is not None
    headers = {header: params[name] for name, header in _PASSED.items() if name in params}
    try:
        return variant.container.invoke(params["Body"], headers)
    except (OSError, http.client.HTTPException) as error:
        text = f"Your invocation timed out while waiting for a response from container primary ({error})."
        return Answer(0, text.encode(), "text/plain", {})


def model_error(place: Place, variant: Variant, answer: Answer) -> Refusal:
    """How SageMaker tells that a server has refused or failed."""
    assert variant.container is not None
    side = "client" if http.client.BAD_REQUEST <= answer.status < http.client.INTERNAL_SERVER_ERROR else "server"
    group, text = variant.container.log.group, answer.body.decode("utf-8", "replace")
    console = f"https://{place.region}.console.aws.amazon.com/cloudwatch/home?region={place.region}"
    message = (
        f'Received {side} error ({answer.status}) from primary with message "{text}". '
        f"See {console}#logEventViewer:group={group} in account {ACCOUNT} for more information."
    )
    details = {
        "OriginalStatusCode": answer.status,
        "OriginalMessage": text,
        "LogStreamArn": f"arn:aws:logs:{place.region}:{ACCOUNT}:log-group:{group}",
    }
    return Refusal("ModelError", message, http.client.FAILED_DEPENDENCY, details)


def _shadows_of(endpoint: Endpoint, variant: Variant) -> list[Variant]:
    """The shadows of the fleet that answers, which are to be sent a copy."""
    fleets: list[Fleet] = [each for each in (endpoint.fleet, endpoint.pending) if each and variant in each.production]
    found = [shadow for fleet in fleets for shadow in fleet.shadows if shadow.weight > 0 and shadow.container]
    for shadow in found:
        assert shadow.container is not None
        shadow.container.take()
    return found


def _copy_to(shadow: Variant, params: Params) -> None:
    """Let a shadow answer, to nobody."""
    assert shadow.container is not None
    try:
        ask(shadow, params)
    finally:
        shadow.container.release()

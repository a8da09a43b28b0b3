"""`InvokeEndpointAsync`: the input is read from S3, and the answer written there."""

from __future__ import annotations

import http.client
import json
import uuid
from typing import TYPE_CHECKING

from werkzeug.wrappers import Response

from sagemaker_simulator import artifacts
from sagemaker_simulator.artifacts import MissingDataError
from sagemaker_simulator.invocations import ask, choose, is_asynchronous, serving_endpoint
from sagemaker_simulator.place import ACCOUNT
from sagemaker_simulator.refusals import Refusal

if TYPE_CHECKING:
    from sagemaker_simulator.calls import Params
    from sagemaker_simulator.endpoint import Variant
    from sagemaker_simulator.place import Place


def invoke_endpoint_async(place: Place, params: Params) -> Response:
    """Accept a request, and work on it in the background."""
    with place.lock:
        endpoint = serving_endpoint(place, params["EndpointName"])
        if not is_asynchronous(endpoint):
            raise Refusal("ValidationError", f"Endpoint {endpoint.name} of account {ACCOUNT} is not asynchronous.")
        variant = choose(endpoint)
        assert endpoint.fleet is not None
        assert variant.container is not None
        variant.container.take()
        outputs = endpoint.fleet.content["AsyncInferenceConfig"]["OutputConfig"]
    name, identifier = str(uuid.uuid4()), params.get("InferenceId", str(uuid.uuid4()))
    output = f"{outputs.get('S3OutputPath', 's3://').rstrip('/')}/{name}.out"
    failure = f"{outputs.get('S3FailurePath', '').rstrip('/')}/{name}-error.out" if "S3FailurePath" in outputs else None
    place.account.work.begin(lambda: _work(place, variant, params, output, failure))
    answer = Response(json.dumps({"InferenceId": identifier}), http.client.ACCEPTED, content_type="application/json")
    answer.headers["X-Amzn-SageMaker-OutputLocation"] = output
    if failure is not None:
        answer.headers["X-Amzn-SageMaker-FailureLocation"] = failure
    return answer


def _work(place: Place, variant: Variant, params: Params, output: str, failure: str | None) -> None:
    assert variant.container is not None
    try:
        place.account.work.pause(place.account.settings.delay / 10)
        body = artifacts.read(params["InputLocation"])
        answer = ask(variant, {**params, "Body": body})
    except MissingDataError:
        _write(variant, failure, f"Could not find the input {params['InputLocation']}.".encode())
        return
    finally:
        variant.container.release()
    if answer.status < http.client.MULTIPLE_CHOICES:
        _write(variant, output, answer.body)
    else:
        _write(variant, failure, answer.body)


def _write(variant: Variant, uri: str | None, content: bytes) -> None:
    assert variant.container is not None
    if uri is None:
        return
    try:
        artifacts.write(uri, content)
    except MissingDataError:
        variant.container.log.write(f"Could not write to {uri}.")

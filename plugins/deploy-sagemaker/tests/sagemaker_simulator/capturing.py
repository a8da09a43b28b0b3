"""Data capture: requests and answers, as lines of JSON in S3."""

from __future__ import annotations

import json
import time
import uuid
from contextlib import suppress
from typing import TYPE_CHECKING

from sagemaker_simulator import artifacts

if TYPE_CHECKING:
    from sagemaker_simulator.calls import Params
    from sagemaker_simulator.container import Answer
    from sagemaker_simulator.endpoint import Endpoint


def capture(endpoint: Endpoint, variant: str, params: Params, answer: Answer) -> None:
    """Write what was asked and answered, where the endpoint captures; every request has a file of its own."""
    config = endpoint.fleet.capture if endpoint.fleet is not None else None
    if not config or not config.get("EnableCapture", False) or not config["InitialSamplingPercentage"]:
        return
    modes = {each["CaptureMode"] for each in config["CaptureOptions"]}
    data = {}
    if modes & {"Input", "InputAndOutput"}:
        data["endpointInput"] = _part("INPUT", params.get("ContentType", ""), params["Body"])
    if modes & {"Output", "InputAndOutput"}:
        data["endpointOutput"] = _part("OUTPUT", answer.content_type, answer.body)
    event = {"eventId": str(uuid.uuid4()), "inferenceTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
    line = json.dumps({"captureData": data, "eventMetadata": event, "eventVersion": "0"}) + "\n"
    hour = time.strftime("%Y/%m/%d/%H", time.gmtime())
    place = f"{endpoint.name}/{variant}/{hour}/{uuid.uuid4()}.jsonl"
    with suppress(artifacts.MissingDataError):  # the request is answered all the same
        artifacts.write(f"{config['DestinationS3Uri'].rstrip('/')}/{place}", line.encode())


def _part(mode: str, content_type: str, body: bytes) -> Params:
    return {
        "observedContentType": content_type,
        "mode": mode,
        "data": body.decode("utf-8", "replace"),
        "encoding": "JSON" if "json" in content_type else "CSV",
    }

"""A batch transform job, and the work of it."""

from __future__ import annotations

import http.client
import json
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from sagemaker_simulator import artifacts, requirements, splitting
from sagemaker_simulator.container import Container, Log
from sagemaker_simulator.failures import REASONS, Failure
from sagemaker_simulator.fleets import await_health

if TYPE_CHECKING:
    from sagemaker_simulator.calls import Params
    from sagemaker_simulator.place import Place

_GROUP = "/aws/sagemaker/TransformJobs"
_USUAL_PAYLOAD = 6
_STRATEGIES = {"MULTI_RECORD": "MultiRecord", "SINGLE_RECORD": "SingleRecord"}
_VARIABLES = {"MultiRecord": "MULTI_RECORD", "SingleRecord": "SINGLE_RECORD"}


class JobFailedError(Exception):
    """A job cannot be done; the message is the `FailureReason`."""


@dataclass(eq=False)
class TransformJob:
    """One job.

    Attributes:
        name: Its name.
        arn: Its ARN.
        content: What was asked for.
        definition: The container of its model.
        status: In AWS's word.
        reason: Why it failed.
        created: When it was created.
        ended: When it ended.
    """

    name: str
    arn: str
    content: Params
    definition: Params
    status: str = "InProgress"
    reason: str | None = None
    created: float = field(default_factory=time.time)
    ended: float | None = None

    def end(self, status: str, reason: str | None = None) -> None:
        """Come to an end."""
        self.status, self.reason, self.ended = status, reason, time.time()


def run(place: Place, job: TransformJob, failure: Failure | None) -> None:
    """Do a job, or fail."""
    place.account.work.pause(place.account.settings.delay)
    try:
        _transform(place, job, failure)
    except JobFailedError as error:
        reason: str | None = str(error)
    else:
        reason = None
    with place.lock:
        if job.status == "Stopping":
            job.end("Stopped")
        elif reason is not None:
            job.end("Failed", reason)
        else:
            job.end("Completed")


def _transform(place: Place, job: TransformJob, failure: Failure | None) -> None:
    uris = artifacts.listed(job.content["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"])
    if not uris:
        raise JobFailedError("ClientError: No objects found that match the prefix of the input S3Uri.")
    if job.status == "Stopping":
        return
    container = _started(place, job, failure)
    try:
        how = _parameters(container, job.content)
        for uri in uris:
            if job.status == "Stopping":
                return
            _transform_object(place, job, container, uri, how)
    finally:
        container.stop()


def _started(place: Place, job: TransformJob, failure: Failure | None) -> Container:
    facts = {"data": artifacts.data_uri(job.definition), "variant": job.name}
    if failure in {Failure.INSUFFICIENT_CAPACITY, Failure.MODEL_DATA}:
        raise JobFailedError(REASONS[failure].format(**facts))
    image = requirements.resolved_image(place, job.definition["Image"])
    if failure is Failure.IMAGE_NOT_FOUND or image is None:
        raise JobFailedError(REASONS[Failure.IMAGE_NOT_FOUND].format(**facts))
    log = Log(place.region, _GROUP, f"{job.name}/i-{uuid.uuid4().hex[:17]}")
    try:
        container = Container(place, job.definition, _environment(job.content), log)
    except artifacts.MissingDataError as error:
        raise JobFailedError(REASONS[Failure.MODEL_DATA].format(**facts)) from error
    healthy = await_health(place, container, place.account.settings.patience)
    if not healthy or failure is Failure.HEALTH_CHECK:
        container.stop()
        raise JobFailedError("AlgorithmError: See job logs for more information")
    return container


def _environment(content: Params) -> dict[str, str]:
    """The variables that tell a container of the job; those for which the job says nothing are not set."""
    told = {
        "SAGEMAKER_MAX_PAYLOAD_IN_MB": content.get("MaxPayloadInMB"),
        "SAGEMAKER_BATCH_STRATEGY": _VARIABLES.get(content.get("BatchStrategy", "")),
        "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": content.get("MaxConcurrentTransforms"),
    }
    own = {name: str(value) for name, value in told.items() if value is not None}
    return {**content.get("Environment", {}), "SAGEMAKER_BATCH": "true", **own}


def _parameters(container: Container, content: Params) -> Params:
    """How to send requests: as the job says, else as the container says, else as SageMaker does."""
    answer = container.ask("/execution-parameters")
    asked = json.loads(answer.body) if answer.status == http.client.OK else {}
    return {
        "concurrent": content.get("MaxConcurrentTransforms") or asked.get("MaxConcurrentTransforms", 1),
        "payload": content.get("MaxPayloadInMB", asked.get("MaxPayloadInMB", _USUAL_PAYLOAD)),
        "strategy": content.get("BatchStrategy") or _STRATEGIES.get(asked.get("BatchStrategy", ""), "MultiRecord"),
    }


def _transform_object(place: Place, job: TransformJob, container: Container, uri: str, how: Params) -> None:
    split = job.content["TransformInput"].get("SplitType", "None")
    try:
        bodies = list(splitting.requests(artifacts.read(uri), split, how["strategy"], how["payload"]))
    except splitting.TooLargeError as error:
        raise JobFailedError(f"ClientError: Too much data for max payload size: {error}") from error
    with ThreadPoolExecutor(int(how["concurrent"])) as pool:
        answers = list(pool.map(partial(_score, place, job, container, uri), bodies))
    output = job.content["TransformOutput"]
    try:
        artifacts.write(_output(job, uri), splitting.assembled(answers, output.get("AssembleWith", "None")))
    except artifacts.MissingDataError as error:
        raise JobFailedError(f"ClientError: Could not write to {output['S3OutputPath']}") from error


def _score(place: Place, job: TransformJob, container: Container, uri: str, body: bytes) -> bytes:
    asked, output = job.content["TransformInput"], job.content["TransformOutput"]
    headers = {"Content-Type": asked.get("ContentType"), "Accept": output.get("Accept")}
    try:
        answer = container.invoke(body, {name: value for name, value in headers.items() if value})
    except (OSError, http.client.HTTPException) as error:
        raise JobFailedError("InternalServerError: the container does not answer") from error
    if answer.status >= http.client.MULTIPLE_CHOICES:
        _note(place, container, uri, f"{answer.status}: {answer.body.decode('utf-8', 'replace')}")
        kind = "ClientError" if answer.status < http.client.INTERNAL_SERVER_ERROR else "AlgorithmError"
        raise JobFailedError(f"{kind}: See job logs for more information")
    return answer.body


def _note(place: Place, container: Container, uri: str, line: str) -> None:
    """What SageMaker itself writes, beside the container's log."""
    Log(place.region, _GROUP, f"{container.log.stream}/data-log").write(f"{PurePosixPath(uri).name}: {line}")


def _output(job: TransformJob, uri: str) -> str:
    """The output of an object: its key below the input's folder, with `.out`."""
    given = job.content["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"]
    relative = uri.removeprefix(given.rpartition("/")[0]).lstrip("/")
    return f"{job.content['TransformOutput']['S3OutputPath'].rstrip('/')}/{relative}.out"

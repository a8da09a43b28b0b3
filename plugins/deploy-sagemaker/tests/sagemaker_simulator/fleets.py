"""Preparing and starting the servers that a configuration asks for."""

from __future__ import annotations

import copy
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sagemaker_simulator import artifacts, requirements
from sagemaker_simulator.container import Container, Log
from sagemaker_simulator.endpoint import Fleet, Variant
from sagemaker_simulator.failures import REASONS, Failure
from sagemaker_simulator.models import containers

if TYPE_CHECKING:
    from collections.abc import Collection

    from sagemaker_simulator.calls import Params
    from sagemaker_simulator.place import Place, Record

_USUAL_SECONDS = 240.0
"""SageMaker's health-check timeout where a configuration says nothing."""
_POLL_SECONDS = 0.1


class DeploymentFailedError(Exception):
    """A fleet cannot serve; the message is the `FailureReason`."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What an update keeps of the fleet before.

    Attributes:
        fleet: The fleet before.
        excluded: The kinds of properties that are not kept.
    """

    fleet: Fleet
    excluded: Collection[str]


def prepare(place: Place, config: Record, kept: Kept | None = None) -> Fleet:
    """The fleet that a configuration asks for, nothing of it started.

    Raises:
        DeploymentFailedError: A model is gone.
    """
    content = copy.deepcopy(config.content)
    before = {each.name: each for each in kept.fleet.variants} if kept else {}
    excluded = kept.excluded if kept else ()
    production, shadows = (
        [_variant(place, each, before.get(each["VariantName"]), excluded) for each in content.get(member, [])]
        for member in ("ProductionVariants", "ShadowProductionVariants")
    )
    capture = content.get("DataCaptureConfig")
    if kept and "DataCaptureConfig" not in kept.excluded:
        capture = kept.fleet.capture
    return Fleet(config.name, content, production, shadows, capture)


def _variant(place: Place, settings: Params, before: Variant | None, excluded: Collection[str]) -> Variant:
    model = place.models.get(settings["ModelName"])
    if model is None:
        arn = place.arn("model", settings["ModelName"])
        raise DeploymentFailedError(f'Could not find model "{arn}".')
    weight, count = float(settings["InitialVariantWeight"]), int(settings.get("InitialInstanceCount", 0))
    if before is not None and "DesiredWeight" not in excluded:
        weight = before.desired_weight
    if before is not None and "DesiredInstanceCount" not in excluded:
        count = before.desired_count
    definition = copy.deepcopy(containers(model.content)[0])
    return Variant(settings, definition, weight, count, weight, count)


def start(place: Place, endpoint: str, fleet: Fleet, failure: Failure | None) -> None:
    """Start the servers of a fleet, and wait until all pass the health check.

    Raises:
        DeploymentFailedError: They do not, or a test wants it so; what was started is ended again.
    """
    try:
        for variant in fleet.variants:
            _begin(place, endpoint, variant, failure)
        for variant in fleet.variants:
            _await(place, variant, failure)
    except BaseException:
        fleet.stop()
        raise


def _begin(place: Place, endpoint: str, variant: Variant, failure: Failure | None) -> None:
    variant.image = requirements.resolved_image(place, variant.definition["Image"])
    if failure in {Failure.INSUFFICIENT_CAPACITY, Failure.MODEL_DATA}:
        raise _failed(variant, failure)
    if variant.image is None or failure is Failure.IMAGE_NOT_FOUND:
        raise _failed(variant, Failure.IMAGE_NOT_FOUND)
    stream = f"{variant.name}/i-{uuid.uuid4().hex[:17]}"
    log = Log(place.region, f"/aws/sagemaker/Endpoints/{endpoint}", stream)
    try:
        if not artifacts.exist(variant.definition):
            raise _failed(variant, Failure.MODEL_DATA)
        variant.container = Container(place, variant.definition, {}, log)
    except artifacts.MissingDataError as error:
        raise _failed(variant, Failure.MODEL_DATA) from error


def _await(place: Place, variant: Variant, failure: Failure | None) -> None:
    assert variant.container is not None
    seconds = variant.settings.get("ContainerStartupHealthCheckTimeoutInSeconds", _USUAL_SECONDS)
    healthy = await_health(place, variant.container, min(seconds, place.account.settings.patience))
    if not healthy or failure in {Failure.HEALTH_CHECK, Failure.ROLLBACK}:
        raise _failed(variant, Failure.HEALTH_CHECK)
    variant.status = None


def await_health(place: Place, container: Container, seconds: float) -> bool:
    """Whether a container passes its health check in time.

    One that ends is not started anew as SageMaker does: it would end again.
    """
    latest = time.monotonic() + seconds
    while not container.passes():
        if container.has_ended() or time.monotonic() > latest:
            return False
        place.account.work.pause(_POLL_SECONDS)
    return True


def _failed(variant: Variant, failure: Failure) -> DeploymentFailedError:
    data = artifacts.data_uri(variant.definition)
    return DeploymentFailedError(REASONS[failure].format(variant=variant.name, data=data))

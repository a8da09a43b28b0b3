"""Models: `CreateModel`, `DescribeModel`, `ListModels`, `DeleteModel`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sagemaker_simulator import requirements
from sagemaker_simulator.listing import page
from sagemaker_simulator.place import Record
from sagemaker_simulator.refusals import invalid

if TYPE_CHECKING:
    from sagemaker_simulator.calls import Params
    from sagemaker_simulator.place import Place


def create_model(place: Place, params: Params) -> Params:
    """Keep a model, after the checks that SageMaker makes."""
    name, arn = params["ModelName"], place.arn("model", params["ModelName"])
    if name in place.models:
        raise invalid(f'Cannot create already existing model "{arn}".')
    _check(place, params)
    content = {key: value for key, value in params.items() if key != "Tags"}
    for container in containers(content):
        container.setdefault("Mode", "SingleModel")
    content.setdefault("EnableNetworkIsolation", False)
    place.models[name] = Record(name, arn, content)
    place.tag(arn, params.get("Tags", []))
    return {"ModelArn": arn}


def containers(content: Params) -> list[Params]:
    """The containers of a model."""
    primary = content.get("PrimaryContainer")
    return [*([primary] if primary else []), *content.get("Containers", [])]


def find_model(place: Place, name: str) -> Record:
    """A model.

    Raises:
        Refusal: There is none.
    """
    if name not in place.models:
        raise invalid(f'Could not find model "{place.arn("model", name)}".')
    return place.models[name]


def describe_model(place: Place, params: Params) -> Params:
    """Everything that was asked for."""
    found = find_model(place, params["ModelName"])
    return {**found.content, "ModelArn": found.arn, "CreationTime": found.created}


def list_models(place: Place, params: Params) -> Params:
    """A page of models."""
    every = (
        {"ModelName": each.name, "ModelArn": each.arn, "CreationTime": each.created} for each in place.models.values()
    )
    return page("Model", "Models", every, params, place.account.settings.page_size)


def delete_model(place: Place, params: Params) -> Params:
    """Remove a model, even one that an endpoint runs."""
    found = find_model(place, params["ModelName"])
    del place.models[found.name]
    place.tags.pop(found.arn, None)
    return {}


def _check(place: Place, params: Params) -> None:
    role = params.get("ExecutionRoleArn")
    if not role:
        raise invalid("ExecutionRoleArn is required to create a model.")
    if "PrimaryContainer" in params and "Containers" in params:
        raise invalid("Cannot specify both PrimaryContainer and Containers.")
    if len(containers(params)) > 1:
        raise invalid("The simulator serves models of one container.")
    if not containers(params):
        raise invalid("Must specify either PrimaryContainer or Containers.")
    requirements.check_role(role)
    for container in containers(params):
        if "Image" not in container:
            raise invalid("Must specify an Image or a ModelPackageName.")
        if "ModelDataUrl" in container and "ModelDataSource" in container:
            raise invalid("Cannot specify both ModelDataUrl and ModelDataSource.")
        _check_source(container.get("ModelDataSource", {}).get("S3DataSource", {}))
        requirements.check_image(place, container["Image"])
        requirements.check_data(container, role, place.region)


def _check_source(source: Params) -> None:
    kind, compression = source.get("S3DataType", "S3Object"), source.get("CompressionType", "Gzip")
    if (kind, compression) not in {("S3Object", "Gzip"), ("S3Prefix", "None")}:
        raise invalid(f"S3DataType {kind} cannot be used with CompressionType {compression}.")
    if kind == "S3Prefix" and not source["S3Uri"].endswith("/"):
        raise invalid(f"S3Uri {source['S3Uri']} must end with a forward slash for S3DataType S3Prefix.")

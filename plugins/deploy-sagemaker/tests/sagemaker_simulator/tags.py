"""Tags: `AddTags`, `ListTags`, `DeleteTags`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sagemaker_simulator.listing import slice_of
from sagemaker_simulator.refusals import invalid

if TYPE_CHECKING:
    from sagemaker_simulator.calls import Params
    from sagemaker_simulator.place import Place

_MOST = 50
_KINDS = {"endpoint-config": "endpoint configuration"}


def add_tags(place: Place, params: Params) -> Params:
    """Add tags, or change them."""
    tags = _tags(place, params)
    tags |= {tag["Key"]: tag["Value"] for tag in params["Tags"]}
    if len(tags) > _MOST:
        raise invalid(f"A resource can have at most {_MOST} tags.")
    return {"Tags": _listed(tags)}


def list_tags(place: Place, params: Params) -> Params:
    """A page of tags."""
    return slice_of("Tags", _listed(_tags(place, params)), params, place.account.settings.page_size)


def delete_tags(place: Place, params: Params) -> Params:
    """Remove tags."""
    tags = _tags(place, params)
    for key in params["TagKeys"]:
        tags.pop(key, None)
    return {}


def check_tags(params: Params) -> None:
    """Check the tags of a request.

    Raises:
        Refusal: There may be no such tags.
    """
    keys = [tag["Key"] for tag in params.get("Tags", [])]
    if any(key.lower().startswith("aws:") for key in keys):
        raise invalid("aws: prefixed tag key names are not allowed for external use.")
    if len({key.lower() for key in keys}) < len(keys):
        raise invalid("Duplicate tag keys found. Please note that Tag keys are case insensitive.")


def _tags(place: Place, params: Params) -> dict[str, str]:
    arn = params["ResourceArn"]
    if arn not in place.tags:
        kind = arn.rpartition(":")[2].partition("/")[0]
        raise invalid(f'Could not find {_KINDS.get(kind, kind)} "{arn}".')
    return place.tags[arn]


def _listed(tags: dict[str, str]) -> list[Params]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]

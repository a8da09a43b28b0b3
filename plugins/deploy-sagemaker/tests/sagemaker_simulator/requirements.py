"""What has to be there before SageMaker does its work: a role, an image, the model's data."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from moto.core.exceptions import ServiceException
from moto.ecr.models import ecr_backends
from moto.iam.exceptions import NotFoundException
from moto.iam.models import iam_backends

from sagemaker_simulator import artifacts
from sagemaker_simulator.place import ACCOUNT
from sagemaker_simulator.refusals import invalid

if TYPE_CHECKING:
    from sagemaker_simulator.calls import Params
    from sagemaker_simulator.place import Place

_SERVICE = "sagemaker.amazonaws.com"
_IMAGE = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com/(?P<repository>[^:@]+)"
    r"(?::(?P<tag>[^@]+))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)


def check_role(arn: str) -> None:
    """Check that SageMaker may take on a role.

    Raises:
        Refusal: There is no such role, or it trusts somebody else.
    """
    try:
        role = iam_backends[ACCOUNT]["aws"].get_role_by_arn(arn)
    except NotFoundException:
        role = None
    if role is None or not any(map(_trusts, _statements(role.assume_role_policy_document))):
        raise invalid(
            f"Could not assume role {arn}. Please ensure that the role exists and allows principal '{_SERVICE}' to "
            "assume the role."
        )


def check_data(container: Params, role: str, region: str) -> None:
    """Check that a model's data is there, and in this region.

    Raises:
        Refusal: It is not.
    """
    uri = artifacts.data_uri(container)
    if uri is None:
        return
    if artifacts.region_of(uri) not in {region, None}:
        raise invalid(
            f'Could not access model data at {uri}. Please ensure that the role "{role}" exists and that its trust '
            f'relationship policy allows the action "sts:AssumeRole" for the service principal "{_SERVICE}". Also '
            f'ensure that the role has "s3:GetObject" permissions and that the object is located in {region}.'
        )
    if not artifacts.exist(container):
        raise invalid(f"Could not find model data at {uri}.")


def check_image(place: Place, uri: str) -> None:
    """Check that an image is there.

    Raises:
        Refusal: It is not, or it is not one of ECR's in this region.
    """
    match = _IMAGE.fullmatch(ecr_uri(place, uri))
    if match is None:
        raise invalid(f'Using non-ECR image "{uri}" without Vpc repository access mode is not supported.')
    if match["tag"] is None and match["digest"] is None:
        raise invalid(f'ECR image "{uri}" is invalid.')
    if match["region"] != place.region or resolved_image(place, uri) is None:
        raise invalid(f"Requested image {uri} not found.")


def ecr_uri(place: Place, uri: str) -> str:
    """The URI of an image as ECR has it, where this simulator stands for its host."""
    settings = place.account.settings
    name = uri.removeprefix(f"{settings.address}/")
    return uri if name == uri else f"{ACCOUNT}.dkr.ecr.{settings.region}.amazonaws.com/{name}"


def resolved_image(place: Place, uri: str) -> str | None:
    """The image by its digest; None where there is none."""
    uri = ecr_uri(place, uri)
    match = _IMAGE.fullmatch(uri)
    if match is None:
        return None
    repository = ecr_backends[match["account"]][match["region"]].repositories.get(match["repository"])
    try:
        image = repository._get_image(match["tag"], match["digest"]) if repository else None
    except ServiceException:
        return None
    if image is None:
        return None
    return f"{uri.partition(match['repository'])[0]}{match['repository']}@{image.get_image_digest()}"


def _statements(document: Any) -> list[dict[str, Any]]:
    policy = json.loads(unquote(document)) if isinstance(document, str) else document
    found = policy.get("Statement", [])
    return found if isinstance(found, list) else [found]


def _trusts(statement: dict[str, Any]) -> bool:
    principal = statement.get("Principal", {})
    services = principal.get("Service", []) if isinstance(principal, dict) else []
    actions = statement.get("Action", [])
    return (
        statement.get("Effect") == "Allow"
        and _SERVICE in ([services] if isinstance(services, str) else services)
        and "sts:AssumeRole" in ([actions] if isinstance(actions, str) else actions)
    )

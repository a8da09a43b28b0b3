"""How many instances of a type an account may have behind endpoints: Service Quotas, and SageMaker's refusal."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING

from moto.core.utils import get_service_model

from sagemaker_simulator.listing import slice_of
from sagemaker_simulator.refusals import Refusal, invalid, quota_exceeded

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sagemaker_simulator.calls import Params
    from sagemaker_simulator.place import Place

_PAGE = 100


def list_service_quotas(place: Place, params: Params) -> Params:
    """A page of the quotas of SageMaker, one for each type of instance; other services have none."""
    types = _types() if params["ServiceCode"] == "sagemaker" else []
    return slice_of("Quotas", [_quota(place, kind) for kind in types], {"MaxResults": _PAGE, **params}, _PAGE)


def get_service_quota(place: Place, params: Params) -> Params:
    """One quota."""
    for kind in _types():
        if params["ServiceCode"] == "sagemaker" and params["QuotaCode"] == _code(kind):
            return {"Quota": _quota(place, kind)}
    raise Refusal("NoSuchResourceException", "The request failed because the specified quota does not exist.")


def check_quota(place: Place, variants: Iterable[Params]) -> None:
    """Check that there may be so many instances more.

    Raises:
        Refusal: There may not.
    """
    wanted = _instances(variants)
    standing = _instances(
        variant.settings
        for endpoint in place.endpoints.values()
        if endpoint.fleet is not None
        for variant in endpoint.fleet.variants
    )
    for kind, number in wanted.items():
        limit = place.account.limit(kind)
        if standing[kind] + number > limit:
            raise quota_exceeded(kind, limit, standing[kind], number)


def set_quota(place: Place, kind: str, limit: int) -> None:
    """Let there be so many instances of a type at most."""
    if kind not in _types():
        raise invalid(f"there is no type of instance {kind}")
    place.account.limits[kind] = limit


def _instances(variants: Iterable[Params]) -> Counter[str]:
    found: Counter[str] = Counter()
    for variant in variants:
        if "InstanceType" in variant:
            found[variant["InstanceType"]] += variant["InitialInstanceCount"]
    return found


def _quota(place: Place, kind: str) -> Params:
    return {
        "ServiceCode": "sagemaker",
        "ServiceName": "Amazon SageMaker",
        "QuotaArn": f"arn:aws:servicequotas:{place.region}::sagemaker/{_code(kind)}",
        "QuotaCode": _code(kind),
        "QuotaName": f"{kind} for endpoint usage",
        "Value": float(place.account.limit(kind)),
        "Unit": "None",
        "Adjustable": True,
        "GlobalQuota": False,
    }


def _code(kind: str) -> str:
    return f"L-{hashlib.sha256(kind.encode()).hexdigest()[:8].upper()}"


def _types() -> list[str]:
    shape = get_service_model("sagemaker").shape_for("ProductionVariantInstanceType")
    found: list[str] = shape.metadata["enum"]
    return found

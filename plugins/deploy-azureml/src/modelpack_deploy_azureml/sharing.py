"""How the requests of an endpoint are to be divided, and which deployments are not wanted any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from modelpack_deploy_azureml.arm import Resource
    from modelpack_deploy_azureml.documents import Request
    from modelpack_deploy_azureml.survey import Standing

WHOLE = 100
"""Percent."""


def wanted_shares(request: Request, standing: Standing | None, wanted: str) -> dict[str, dict[str, int]]:
    """How the requests shall be divided and mirrored: the rest stays with the model that gets most of them."""
    options = request.options
    before = None if standing is None else _before(standing, wanted)
    if before is None:  # a first deployment gets everything
        return {"traffic": {wanted: WHOLE}, "mirrorTraffic": {}}
    traffic = {wanted: options.traffic, before["name"]: WHOLE - options.traffic}
    mirrored = {wanted: options.mirror}
    return {
        "traffic": {name: share for name, share in traffic.items() if share},
        "mirrorTraffic": {name: share for name, share in mirrored.items() if share},
    }


def superfluous(request: Request, standing: Standing, wanted: str) -> list[Resource]:
    """The deployments that are not wanted any more."""
    before = None if request.options.traffic == WHOLE else _before(standing, wanted)
    kept = {wanted} if before is None else {wanted, before["name"]}
    return [each for each in standing.deployments if each["name"] not in kept]


def _before(standing: Standing, wanted: str) -> Resource | None:
    """The deployment that gets most of the requests beside the one that is wanted."""
    others = [each for each in standing.deployments if each["name"] != wanted and standing.share(each["name"])]
    return max(others, key=lambda each: standing.share(each["name"]), default=None)

"""What stands, in modelpack's words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelpack.deployments.records import Deployment, Variant
from modelpack_deploy_azureml import naming
from modelpack_deploy_azureml.survey import FAILED, state_of, tags_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from modelpack.deployments.records import DeploymentState
    from modelpack_deploy_azureml.arm import Resource
    from modelpack_deploy_azureml.survey import Standing

INTERRUPTED = "a change was begun and has not ended; the same command again goes on"


def described(standing: Standing, reason_of: Callable[[Resource], str]) -> Deployment:
    """An endpoint and what is behind it as a deployment.

    Args:
        standing: What stands.
        reason_of: Tells why a resource has failed.
    """
    state, shown, reason = _judged(standing, reason_of)
    tags = {} if shown is None else tags_of(shown)
    properties = standing.endpoint["properties"]
    return Deployment(
        name=standing.endpoint["name"],
        state=state,
        endpoint=properties.get("scoringUri"),
        digest=tags.get(naming.DIGEST),
        revision=tags.get(naming.REVISION),
        reason=reason,
        variants=_variants(standing),
        details={
            "location": standing.endpoint["location"],
            "authentication": properties.get("authMode"),
            "mirrored": standing.shares["mirrorTraffic"],
        },
    )


def _judged(
    standing: Standing, reason_of: Callable[[Resource], str]
) -> tuple[DeploymentState, Resource | None, str | None]:
    """The state, the deployment that it is the state of, and the reason."""
    wanted, serving = standing.wanted, standing.serving
    before = serving if serving is not wanted else None
    under_way: DeploymentState = "pending" if serving is None else "updating"
    if state_of(standing.endpoint) == "Deleting":
        return "deleting", serving, None
    if wanted is None and state_of(standing.endpoint) in FAILED and serving is None:
        return "failed", None, reason_of(standing.endpoint)
    if wanted is None:
        return under_way, serving, INTERRUPTED
    if state_of(wanted) == "Succeeded":
        return "ready", wanted, None
    if state_of(wanted) not in FAILED:
        return under_way, before or wanted, None
    return ("failed" if before is None else "ready"), before or wanted, reason_of(wanted)


def _variants(standing: Standing) -> tuple[Variant, ...]:
    return tuple(
        Variant(name=each["name"], traffic=float(standing.share(each["name"])), digest=tags_of(each).get(naming.DIGEST))
        for each in sorted(standing.deployments, key=lambda each: str(each["name"]))
    )

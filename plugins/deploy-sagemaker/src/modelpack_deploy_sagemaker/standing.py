"""What stands, in modelpack's words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelpack.deployments.records import Deployment, DeploymentState, Variant
from modelpack_deploy_sagemaker import survey
from modelpack_deploy_sagemaker.artefacts import artefacts_of
from modelpack_deploy_sagemaker.container_logs import tail
from modelpack_deploy_sagemaker.faults import AbsentError, in_words
from modelpack_deploy_sagemaker.names import DIGEST, model_name

if TYPE_CHECKING:
    from modelpack_deploy_sagemaker.account import Account
    from modelpack_deploy_sagemaker.survey import Standing

_STATES: dict[str, DeploymentState] = {
    "Creating": "pending",
    "Updating": "updating",
    "SystemUpdating": "updating",
    "RollingBack": "updating",
    "InService": "ready",
    "Deleting": "deleting",
}
_PERCENT = 100.0


def described(account: Account, standing: Standing) -> Deployment:
    """An endpoint as a deployment; absent when modelpack made none here."""
    if not standing.is_ours:
        return Deployment(name=standing.name, state="absent")
    variants = _variants(account, standing)
    state = _STATES.get(standing.status, "failed")
    return Deployment(
        name=standing.name,
        state=state,
        endpoint=_url(account, standing.name),
        digest=_digest(standing, variants),
        revision=standing.revision,
        reason=_reason(account, standing) if state in {"ready", "failed"} else None,
        variants=variants,
        details=_details(account, standing),
    )


def _url(account: Account, name: str) -> str:
    return f"{account.client('sagemaker-runtime').meta.endpoint_url}/endpoints/{name}/invocations"


def _variants(account: Account, standing: Standing) -> tuple[Variant, ...]:
    """The variants with their shares; weights are relative."""
    weights = {each["VariantName"]: float(each.get("CurrentWeight", 0)) for each in standing.variants}
    total = sum(weights.values())
    return tuple(
        Variant(
            name=name,
            traffic=_PERCENT * weight / total if total else 0.0,
            digest=_digest_of_model(account, standing, name),
        )
        for name, weight in weights.items()
    )


def _digest_of_model(account: Account, standing: Standing, variant: str) -> str | None:
    if standing.revision is not None and variant == model_name(standing.name, standing.revision):
        return standing.digest
    name = next(
        (
            each.get("ModelName")
            for each in standing.config.get("ProductionVariants", ())
            if each["VariantName"] == variant
        ),
        None,
    )
    if name is None:
        return None
    try:
        with in_words(f"look at the model {name}"):
            found = account.sagemaker.describe_model(ModelName=name)
            return survey.tags_of(account, found["ModelArn"]).get(DIGEST)
    except AbsentError:
        return None


def _digest(standing: Standing, variants: tuple[Variant, ...]) -> str | None:
    """The digest of the model that gets most requests."""
    most = max(variants, key=lambda each: each.traffic, default=None)
    return standing.digest if most is None else most.digest


def _reason(account: Account, standing: Standing) -> str | None:
    """Why the last change failed: what SageMaker says, and the last words of the container that it speaks of."""
    said: str | None = standing.endpoint.get("FailureReason")
    if said is None and standing.status == "InService":
        return None
    revision = _attempted(account, standing)
    last = () if revision is None else tail(account, standing.name, model_name(standing.name, revision))
    words = said or f"the endpoint is {standing.status}"
    return f"{words}; the container's last words: {' | '.join(last)}" if last else words


def _attempted(account: Account, standing: Standing) -> str | None:
    """The revision that failed: the one at which the endpoint is, or the youngest configuration that it left."""
    if standing.status != "InService":
        return standing.revision
    configs = [
        each
        for each in artefacts_of(account, standing.name)
        if each.kind == "endpoint-config" and not standing.uses(each.name)
    ]
    youngest = max(configs, key=lambda each: each.created, default=None)
    return None if youngest is None else youngest.revision


def _details(account: Account, standing: Standing) -> dict[str, Any]:
    shadows = [each["VariantName"] for each in standing.endpoint.get("ShadowProductionVariants", ())]
    return {
        "region": account.region,
        "arn": standing.endpoint["EndpointArn"],
        "config": standing.endpoint.get("EndpointConfigName"),
        "status": standing.status,
        "instances": {
            each["VariantName"]: each["CurrentInstanceCount"]
            for each in standing.variants
            if "CurrentInstanceCount" in each
        },
        **({"shadows": shadows} if shadows else {}),
    }

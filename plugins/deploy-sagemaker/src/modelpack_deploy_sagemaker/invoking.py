"""Sending an invocation to an endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelpack.deployments.records import InvocationAnswer
from modelpack.errors import DeployError
from modelpack_deploy_sagemaker import asynchronous
from modelpack_deploy_sagemaker.faults import AbsentError, code_of, in_words, message_of
from modelpack_deploy_sagemaker.names import is_name
from modelpack_deploy_sagemaker.survey import look

if TYPE_CHECKING:
    from modelpack.deployments.records import Invocation
    from modelpack_deploy_sagemaker.account import Account
    from modelpack_deploy_sagemaker.survey import Standing


def not_deployed(name: str) -> DeployError:
    """Nothing of ours stands under a name."""
    return DeployError(
        f"nothing is deployed as {name}",
        code="not_deployed",
        hint="`modelpack deployments list --target sagemaker` shows what is",
    )


def invoke(account: Account, name: str, invocation: Invocation) -> InvocationAnswer:
    """Send an invocation, and answer what the scoring server said.

    Raises:
        DeployError: See `modelpack.Target.invoke`.
    """
    if not is_name(name):
        raise not_deployed(name)
    client = account.client("sagemaker-runtime")
    accept = {} if invocation.accept is None else {"Accept": invocation.accept}
    try:
        with in_words(f"invoke the endpoint {name}"):
            answer = client.invoke_endpoint(
                EndpointName=name, Body=invocation.body, ContentType=invocation.content_type, **accept
            )
            return InvocationAnswer(body=answer["Body"].read(), content_type=answer["ContentType"])
    except AbsentError as error:
        raise not_deployed(name) from error
    except DeployError as error:
        if error.code == "rejected" and not _is_of_model(error.__cause__):
            standing = look(account, name)
            if standing.is_ours and asynchronous.is_asynchronous(standing):
                return asynchronous.invoke(account, standing, invocation)
        raise _told(error, name) from error


def set_traffic(account: Account, standing: Standing, traffic: dict[str, float]) -> None:
    """Give the variants their weights; those that are not named get none.

    Raises:
        DeployError: There is no such variant (`rejected`), or the endpoint is being changed (`conflict`).
    """
    known = [each["VariantName"] for each in standing.variants]
    unknown = sorted(set(traffic) - set(known))
    if unknown:
        raise DeployError(f"{standing.name} has no variant {unknown[0]!r}; it has {', '.join(known)}", code="rejected")
    weights = [{"VariantName": variant, "DesiredWeight": traffic.get(variant, 0.0)} for variant in known]
    with in_words(f"divide the traffic of {standing.name}"):
        account.sagemaker.update_endpoint_weights_and_capacities(
            EndpointName=standing.name, DesiredWeightsAndCapacities=weights
        )


def _told(error: DeployError, name: str) -> DeployError:
    """A refusal of the scoring server in its own words, which SageMaker passes on."""
    cause: Any = error.__cause__
    if not _is_of_model(cause):
        return error
    status = cause.response.get("OriginalStatusCode", "an error")
    said = cause.response.get("OriginalMessage") or message_of(cause)
    return DeployError(f"{name} answered {status}: {said}", code="invocation_failed")


def _is_of_model(cause: Any) -> bool:
    """Whether it was the scoring server that refused or failed."""
    return hasattr(cause, "response") and code_of(cause) == "ModelError"

"""The account's quota for instances of endpoints, where it may be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelpack.deployments.records import Finding
from modelpack.errors import DeployError
from modelpack_deploy_sagemaker.faults import in_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelpack_deploy_sagemaker.account import Account
    from modelpack_deploy_sagemaker.wish import Wish


def quota_finding(wish: Wish) -> Iterator[Finding]:
    """Whether the quota is below what a first deployment asks for; nothing where it cannot be read.

    New accounts have a quota of 0 for most instance types, and SageMaker tells it when the model is uploaded.
    """
    options = wish.options
    if wish.standing.is_there or options.serverless is not None:
        return
    quota = _quota(wish.account, f"{options.instance_type} for endpoint usage")
    if quota is not None and quota < options.instance_count:
        yield Finding(
            level="error",
            message=f"the account may have {quota:g} instances of {options.instance_type} for endpoints, "
            f"and {options.instance_count} are asked for",
            hint="raise the quota at Service Quotas, or take another instance_type",
        )


def _quota(account: Account, name: str) -> float | None:
    try:
        with in_words("read the quotas"):
            pages = (
                account.client("service-quotas")
                .get_paginator("list_service_quotas")
                .paginate(ServiceCode="sagemaker", PaginationConfig={"PageSize": 100})
            )
            found = (each for page in pages for each in page["Quotas"] if each["QuotaName"] == name)
            return next((float(each["Value"]) for each in found), None)
    except DeployError:
        return None

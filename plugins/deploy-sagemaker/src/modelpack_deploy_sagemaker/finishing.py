"""What comes after SageMaker has settled: cleaning up behind a success, or behind a failure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelpack_deploy_sagemaker import survey
from modelpack_deploy_sagemaker.applying import undo
from modelpack_deploy_sagemaker.removing import dispose, remove_endpoint, replaced
from modelpack_deploy_sagemaker.scaling import register
from modelpack_deploy_sagemaker.wish import Wish

if TYPE_CHECKING:
    from modelpack.contexts import DeployContext
    from modelpack_deploy_sagemaker.account import Account
    from modelpack_deploy_sagemaker.options import SageMakerOptions


def finish(context: DeployContext[SageMakerOptions], account: Account) -> bool:
    """Set up the autoscaling and remove what was replaced (S132).

    Returns:
        Whether there was nothing to do.
    """
    standing = survey.look(account, context.request.name)
    if standing.status != "InService" or not standing.config:
        return False  # somebody is changing it again
    register(account, standing)
    superfluous = replaced(account, standing)
    dispose(account, superfluous)
    done = "archived" if account.options.archive else "removed"
    for each in superfluous:
        if each.kind == "endpoint-config":
            context.progress(f"{done} what belonged to the revision {each.revision}")
    return not superfluous


def roll_back(context: DeployContext[SageMakerOptions], account: Account) -> None:
    """Remove what a change made that has failed.

    An endpoint that never served goes too, so that its name is free. One whose going back has failed as well stays:
    some of its instances may still answer, and what comes of it is for people to decide.
    """
    wish = Wish(context.request, account, survey.look(account, context.request.name))
    standing = wish.standing
    if standing.is_ours and standing.status == "Failed" and standing.uses(wish.config_name):
        remove_endpoint(account, wish.name)
    undo(wish)
    if standing.status == "InService":
        register(account, standing)

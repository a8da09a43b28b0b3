"""Deploying a model: check, plan, apply, and wait until it serves."""

from __future__ import annotations

import warnings
from functools import partial
from typing import TYPE_CHECKING, Any

from modelpack.contexts import DeployContext
from modelpack.deployments.open_target import OpenTarget
from modelpack.deployments.records import SETTLED
from modelpack.deployments.requests import deploy_request
from modelpack.deployments.waiting import described, wait_until
from modelpack.errors import DeployError, ModelpackWarning

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping

    from modelpack.deployments.records import Deployment, DeployRequest, Plan
    from modelpack.plugins.manager import PluginManager

TIMEOUT = 1200.0
"""Seconds to wait for a deployment, as long as MLflow waits (S123)."""


def deploy(
    model: str | os.PathLike[str],
    *,
    target: str,
    name: str,
    options: Mapping[str, Any] | None = None,
    wait: bool = True,
    timeout: float = TIMEOUT,
    progress: Callable[[str], None] | None = None,
    plugins: PluginManager | None = None,
) -> Deployment:
    """Deploy a model under a name, or bring what stands under the name up to this model and these options.

    The same call again changes nothing, and goes on where an earlier one was stopped.

    Args:
        model: A model directory, or the URI of one.
        target: The target's name, such as `local`.
        name: The deployment's name.
        options: The target's own options.
        wait: Whether to wait until the deployment serves. Without it the target has accepted the change; what comes
            after, such as removing what was replaced, or undoing a change that fails, is left to the next call.
        timeout: Seconds to wait.
        progress: Called with a line for each step and each change of state.
        plugins: The plugins to choose from; by default those that are installed.

    Returns:
        The deployment as it is in the end.

    Raises:
        DeployError: The request was refused before anything was changed, or the change failed; see its code.
        InvalidArgumentError: The name or an option cannot be used.
        NotFoundError: There is no such model.
        IntegrityError: A file of the model was added, removed or changed since it was saved.
        PluginError: The target is not installed or broken.
    """
    opened = OpenTarget.named(target, options, plugins)
    request = deploy_request(model, name, opened.options)
    _check(opened, request)
    before = opened.get(name)
    planned = opened.plan(request)
    context = DeployContext(request=request, plan=planned, progress=progress or _silent, target=opened.name)
    try:
        accepted = opened.apply(context) if planned.steps else before
        return _settled(opened, context, before, timeout) if wait else accepted
    except KeyboardInterrupt as interrupt:
        interrupt.add_note(f"stopped while deploying {name} to {target}; the same command again goes on")
        raise


def plan(
    model: str | os.PathLike[str],
    *,
    target: str,
    name: str,
    options: Mapping[str, Any] | None = None,
    plugins: PluginManager | None = None,
) -> Plan:
    """What `deploy` would do; nothing is changed.

    Raises:
        ModelpackError: As for `deploy`.
    """
    opened = OpenTarget.named(target, options, plugins)
    request = deploy_request(model, name, opened.options)
    _check(opened, request)
    return opened.plan(request)


def _check(opened: OpenTarget, request: DeployRequest[Any]) -> None:
    findings = opened.check(request)
    errors = [finding for finding in findings if finding.level == "error"]
    for finding in findings:
        if finding.level == "warning":
            warnings.warn(" ".join(filter(None, (finding.message, finding.hint))), ModelpackWarning, stacklevel=3)
    if errors:
        raise DeployError(
            "; ".join(finding.message for finding in errors),
            code="rejected",
            hint="; ".join(finding.hint for finding in errors if finding.hint) or None,
        )


def _settled(opened: OpenTarget, context: DeployContext[Any], before: Deployment, timeout: float) -> Deployment:
    """Wait, and then finish the change or undo it; what somebody else has made of it meanwhile is left alone."""
    name, tell = context.request.name, context.progress
    settled = wait_until(_is_settled, partial(opened.get, name), timeout=timeout, progress=tell)
    if settled.state == "ready" and settled.revision == context.plan.revision:
        return opened.finish(context, settled)
    tell(described(settled))
    if settled.state == "ready" and settled.revision != before.revision:
        raise DeployError(
            f"another change of {name} at {opened.name} came after this one, and its model serves",
            code="conflict",
            hint="`modelpack deployments get` shows what stands",
        )
    raise _failure(settled, opened.roll_back(context), opened.name)


def _is_settled(deployment: Deployment) -> bool:
    return deployment.state in SETTLED


def _failure(settled: Deployment, after: Deployment, target: str) -> DeployError:
    reason = settled.reason or f"it is {settled.state}, and the target does not say why"
    message = f"deploying {settled.name} to {target} failed: {reason}"
    if after.state == "ready":
        return DeployError(f"{message}; what was there before serves on", code="rolled_back")
    left = (settled.name,) if after.state != "absent" else ()
    return DeployError(message, code="failed", left_behind=left)


def _silent(line: str) -> None:
    """Nobody wants to know."""

"""What can be done with deployments, by the target's name."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from modelpack.deployments.open_target import OpenTarget
from modelpack.deployments.records import Invocation, LogQuery
from modelpack.deployments.requests import checked_name, deploy_request
from modelpack.deployments.waiting import described, wait_until
from modelpack.errors import DeployError

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator, Mapping

    from modelpack.deployments.records import Deployment, InvocationAnswer
    from modelpack.plugins.manager import PluginManager

    Options = Mapping[str, Any] | None

DELETE_TIMEOUT = 600.0
"""Seconds to wait until a deployment is gone."""


def get(name: str, *, target: str, options: Options = None, plugins: PluginManager | None = None) -> Deployment:
    """What stands under a name; a deployment in state `absent` when there is none.

    Raises:
        DeployError: The platform does not answer, or refuses to.
    """
    return OpenTarget.named(target, options, plugins).get(checked_name(name))


def list_deployments(*, target: str, options: Options = None, plugins: PluginManager | None = None) -> list[Deployment]:
    """Every deployment that modelpack made there, by name.

    Raises:
        DeployError: As for `get`.
    """
    return sorted(OpenTarget.named(target, options, plugins).list(), key=lambda each: each.name)


def invoke(
    name: str,
    body: bytes,
    *,
    content_type: str,
    accept: str | None = None,
    target: str,
    options: Options = None,
    plugins: PluginManager | None = None,
) -> InvocationAnswer:
    """Send one request to a deployment's scoring server.

    Args:
        name: The deployment's name.
        body: The request's body, in one of the forms that `/invocations` takes.
        content_type: Its media type.
        accept: The media type that the answer shall have.
        target: The target's name.
        options: The target's own options.
        plugins: The plugins to choose from.

    Raises:
        DeployError: Nothing is deployed there (`not_deployed`), it does not answer (`unreachable`), or the scoring
            server refused the request or failed (`invocation_failed`).
    """
    invocation = Invocation(body=body, content_type=content_type, accept=accept)
    return OpenTarget.named(target, options, plugins).invoke(checked_name(name), invocation)


def logs(
    name: str,
    *,
    lines: int = 100,
    follow: bool = False,
    target: str,
    options: Options = None,
    plugins: PluginManager | None = None,
) -> Iterator[str]:
    """The last lines of a deployment's log, oldest first; with `follow` those that come as well.

    Raises:
        DeployError: The target has no logs (`unsupported`), or nothing is deployed there (`not_deployed`).
    """
    query = LogQuery(lines=lines, follow=follow)
    return OpenTarget.named(target, options, plugins).logs(checked_name(name), query)


def set_traffic(
    name: str,
    traffic: Mapping[str, float],
    *,
    target: str,
    options: Options = None,
    plugins: PluginManager | None = None,
) -> Deployment:
    """Divide the requests among a deployment's variants.

    Args:
        name: The deployment's name.
        traffic: Percents by variant, which add up to 100.
        target: The target's name.
        options: The target's own options.
        plugins: The plugins to choose from.

    Raises:
        DeployError: The target does not divide traffic (`unsupported`), or the shares cannot be (`rejected`).
    """
    if abs(sum(traffic.values()) - 100) > 1e-6 or min(traffic.values(), default=0) < 0:  # noqa: PLR2004 - percents
        shares = ", ".join(f"{variant}={share:g}" for variant, share in traffic.items())
        raise DeployError(f"the shares {shares or 'none'} do not add up to 100 percent", code="rejected")
    return OpenTarget.named(target, options, plugins).set_traffic(checked_name(name), traffic)


def delete(
    name: str,
    *,
    target: str,
    options: Options = None,
    wait: bool = True,
    timeout: float = DELETE_TIMEOUT,
    progress: Callable[[str], None] | None = None,
    plugins: PluginManager | None = None,
) -> None:
    """Remove a deployment and all that was made for it; when there is none, there is nothing to do.

    Args:
        name: The deployment's name.
        target: The target's name.
        options: The target's own options.
        wait: Whether to wait for that.
        timeout: Seconds to wait.
        progress: Called with a line for each change of state.
        plugins: The plugins to choose from.

    Raises:
        DeployError: It could not be removed, or not in time; what is left behind is named.
    """
    opened = OpenTarget.named(target, options, plugins)
    opened.delete(checked_name(name))
    if not wait:
        return
    last = wait_until(
        lambda each: each.state in {"absent", "failed"},
        partial(opened.get, name),
        timeout=timeout,
        progress=progress or (lambda _: None),
    )
    if last.state == "failed":
        raise DeployError(f"deleting from {target} failed: {described(last)}", code="failed")


def run_local(
    model: str | os.PathLike[str],
    *,
    target: str,
    options: Options = None,
    host: str = "127.0.0.1",
    port: int = 5000,
    progress: Callable[[str], None] | None = None,
    plugins: PluginManager | None = None,
) -> int:
    """Serve a model on this machine as the target would, until it is told to stop.

    Returns:
        The server's exit code.

    Raises:
        DeployError: The target cannot (`unsupported`), or the server did not start.
    """
    opened = OpenTarget.named(target, options, plugins)
    request = deploy_request(model, "local", opened.options)
    return opened.run_local(request, host, port, progress or (lambda _: None))


def export(
    model: str | os.PathLike[str],
    *,
    target: str,
    name: str,
    options: Options = None,
    plugins: PluginManager | None = None,
) -> dict[str, str]:
    """What `deploy` would ask for, as the platform's own documents, to be applied by other means.

    Returns:
        The text of each document by its file name.

    Raises:
        DeployError: The target has no documents (`unsupported`).
    """
    opened = OpenTarget.named(target, options, plugins)
    return opened.export(deploy_request(model, name, opened.options))

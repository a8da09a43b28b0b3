"""Batch jobs that a platform runs by itself, on data that lie there."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from modelpack.deployments.open_target import OpenTarget
from modelpack.deployments.records import BatchRequest
from modelpack.deployments.requests import checked_name, deploy_request
from modelpack.deployments.waiting import described, wait_until
from modelpack.errors import DeployError

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping

    from modelpack.deployments.records import BatchJob
    from modelpack.plugins.manager import PluginManager

TIMEOUT = 86400.0
"""Seconds to wait for a job: a day."""


def submit_batch(  # noqa: PLR0913 - each is one fact of the job
    model: str | os.PathLike[str],
    *,
    target: str,
    name: str,
    input: str,  # noqa: A002 - the pair of `output`
    output: str,
    content_type: str = "text/csv",
    accept: str | None = None,
    options: Mapping[str, Any] | None = None,
    wait: bool = True,
    timeout: float = TIMEOUT,
    progress: Callable[[str], None] | None = None,
    plugins: PluginManager | None = None,
) -> BatchJob:
    """Let a platform score data that lie there, once, and wait until it has.

    The same call again finds the same job and waits on.

    Args:
        model: A model directory, or the URI of one.
        target: The target's name.
        name: The job's name.
        input: Where the data are, as the platform names it, such as `s3://bucket/prefix/`.
        output: Where the predictions go, likewise.
        content_type: The media type of each input file.
        accept: The media type that the predictions shall have; None for that of the input.
        options: The target's own options.
        wait: Whether to wait until the job is over.
        timeout: Seconds to wait.
        progress: Called with a line for each change of state.
        plugins: The plugins to choose from.

    Returns:
        The job as it is in the end.

    Raises:
        DeployError: The target has no batch jobs (`unsupported`), the request was refused (`rejected`), or the job
            failed or was stopped (`failed`).
        InvalidArgumentError: The name or an option cannot be used.
        NotFoundError: There is no such model.
    """
    opened = OpenTarget.named(target, options, plugins)
    request = deploy_request(model, name, opened.options)
    job = opened.submit_batch(
        BatchRequest(
            name=request.name,
            model_path=request.model_path,
            digest=request.digest,
            options=request.options,
            input=input,
            output=output,
            content_type=content_type,
            accept=accept,
        )
    )
    return _finished(opened, job, timeout, progress or (lambda _: None)) if wait else job


def get_batch(
    name: str,
    *,
    target: str,
    options: Mapping[str, Any] | None = None,
    plugins: PluginManager | None = None,
) -> BatchJob:
    """How far a batch job is; one in state `absent` when there is none of that name.

    Raises:
        DeployError: The target has no batch jobs (`unsupported`), or the platform does not answer.
    """
    return OpenTarget.named(target, options, plugins).get_batch(checked_name(name))


def _finished(opened: OpenTarget, job: BatchJob, timeout: float, progress: Callable[[str], None]) -> BatchJob:
    look = partial(opened.get_batch, job.name)
    last = wait_until(_is_over, look, timeout=timeout, progress=progress, verb="get-batch")
    if last.state != "succeeded":
        raise DeployError(f"the batch job at {opened.name} did not succeed: {described(last)}", code="failed")
    return last


def _is_over(job: BatchJob) -> bool:
    return job.state != "running"

"""What a target is asked, what it plans, and what stands afterwards; what a batch job is asked, and how far it is."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

OptionsT = TypeVar("OptionsT")

DeploymentState = Literal["absent", "pending", "updating", "ready", "failed", "deleting"]
STATES: frozenset[str] = frozenset({"absent", "pending", "updating", "ready", "failed", "deleting"})
SETTLED: frozenset[str] = frozenset({"absent", "ready", "failed"})
"""The states that no waiting changes."""

BatchState = Literal["absent", "running", "succeeded", "failed", "stopped"]
BATCH_STATES: frozenset[str] = frozenset({"absent", "running", "succeeded", "failed", "stopped"})


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployRequest(Generic[OptionsT]):
    """A wish: this model under this name, with these options.

    Attributes:
        name: The deployment's name, unique within the target: letters, digits, `-`, `_` and `.`, at most 63.
        model_path: The verified local model directory, to be treated as read-only.
        digest: The model's digest.
        options: The target's own options, validated as its `options_type`.
    """

    name: str
    model_path: Path
    digest: str
    options: OptionsT


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRequest(DeployRequest[OptionsT]):
    """A wish: this model scores these data at the platform, once.

    Attributes:
        name: The job's name, unique within the target's jobs.
        input: Where the data are, as the platform names it, such as `s3://bucket/prefix/`.
        output: Where the predictions go, likewise.
        content_type: The media type of each input file, such as `text/csv`.
        accept: The media type that the predictions shall have; None for that of the input.
    """

    input: str
    output: str
    content_type: str
    accept: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a check before the plan has found.

    Attributes:
        level: An `error` stops the deployment, a `warning` is shown.
        message: What is wrong, with the value, and where.
        hint: What to do about it.
    """

    level: Literal["error", "warning"]
    message: str
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One change that applying a plan would make.

    Attributes:
        action: What happens: `create`, `update`, `replace`, `delete`, or a word of the target's own.
        resource: To what, such as `endpoint/churn`.
        details: The values that would be sent, without secrets.
        before: Those of them that stand now and would change; empty for what does not exist yet.
    """

    action: str
    resource: str
    details: Mapping[str, Any] = field(default_factory=dict)
    before: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps that lead from what stands to what is wished; no steps when nothing has to change.

    Attributes:
        steps: In the order in which they are taken.
        revision: Which revision they lead to, as the target will say in `Deployment.revision`; see `revision_of`.
        permissions: What the caller's account must be allowed to do, in the platform's own words.
    """

    steps: tuple[Step, ...] = ()
    revision: str = ""
    permissions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One of several models that share a deployment's traffic.

    Attributes:
        name: Its name within the deployment.
        traffic: Its share of the requests, in percent.
        digest: The digest of its model.
    """

    name: str
    traffic: float
    digest: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """What stands under a name, as the target sees it now.

    Attributes:
        name: The deployment's name.
        state: Where it stands; `absent` when there is none. A deployment whose update failed while the model before
            goes on serving is `ready`, with the revision that serves and the failure as its reason.
        endpoint: Where it answers, when it does.
        digest: The digest of the model that it serves.
        revision: Which wish it fulfils: the `Plan.revision` that led to it.
        reason: Why the last change failed, in the platform's words.
        variants: The models that share the traffic, where the target has such.
        details: What else the target has to say, without secrets.
    """

    name: str
    state: DeploymentState
    endpoint: str | None = None
    digest: str | None = None
    revision: str | None = None
    reason: str | None = None
    variants: tuple[Variant, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """One request to a deployment's scoring server.

    Attributes:
        body: The request's body.
        content_type: Its media type, such as `application/json` or `text/csv`.
        accept: The media type that the answer shall have; None leaves it to the server.
    """

    body: bytes
    content_type: str
    accept: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InvocationAnswer:
    """What a deployment answered.

    Attributes:
        body: The answer's body.
        content_type: Its media type.
    """

    body: bytes
    content_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogQuery:
    """Which lines of a deployment's log are wanted.

    Attributes:
        lines: How many of the last ones.
        follow: Whether to go on with those that come, until the caller stops.
    """

    lines: int = 100
    follow: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchJob:
    """How far a batch job is.

    Attributes:
        name: The job's name.
        state: `absent` when there is no such job.
        output: Where its predictions are, or will be.
        reason: Why it failed, in the platform's words.
        details: What else the target has to say, without secrets.
    """

    name: str
    state: BatchState
    output: str | None = None
    reason: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


def revision_of(digest: str, settings: Mapping[str, Any]) -> str:
    """A short name for one model with one set of settings: equal wishes have equal revisions.

    Args:
        digest: The model's digest.
        settings: Those of the target's options that change what stands, as plain values: neither how to reach the
            platform nor how long to wait, and no secrets.

    Returns:
        16 hexadecimal digits, which fit into labels and tags.
    """
    wish = json.dumps([digest, settings], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(wish.encode()).hexdigest()[:16]

"""What a target is asked, what it plans, and what stands afterwards."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

OptionsT = TypeVar("OptionsT")

DeploymentState = Literal["absent", "pending", "updating", "ready", "failed", "deleting"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployRequest(Generic[OptionsT]):
    """A wish: this model under this name, with these options.

    Attributes:
        name: The deployment's name, unique within the target.
        model_path: The verified local model directory.
        digest: The model's digest.
        options: The target's own options, validated as its `options_type`.
    """

    name: str
    model_path: Path
    digest: str
    options: OptionsT


@dataclass(frozen=True, slots=True)
class Step:
    """One change that applying a plan would make.

    Attributes:
        action: What happens, such as `create` or `update`.
        resource: To what, such as `endpoint/churn`.
        details: The values that would be sent, without secrets.
    """

    action: str
    resource: str
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps that lead from what stands to what is wished; empty when nothing has to change."""

    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """What stands under a name, as the target sees it now.

    Attributes:
        name: The deployment's name.
        state: Where it stands; `absent` when there is none.
        endpoint: Where it answers, when it does.
        digest: The digest of the model that it serves.
        details: What else the target has to say, without secrets.
    """

    name: str
    state: DeploymentState
    endpoint: str | None = None
    digest: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

"""What core hands to a plugin's hooks.

Hooks take one context each, and contexts grow: a new need becomes a new field with a default, so a plugin written
for an older release keeps working. All contexts are immutable.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from modelpack.paths import existing_path

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from modelpack.deployments.records import DeployRequest, Plan
    from modelpack.schema.signature import ModelSignature

OptionsT = TypeVar("OptionsT")
ConfT = TypeVar("ConfT")


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveContext(Generic[OptionsT]):
    """Everything a flavor may know while it writes a model.

    Attributes:
        path: The staging directory. The flavor writes its files here and nowhere else; core publishes the directory
            when the save has succeeded and removes it when it has not.
        options: The flavor's own keyword arguments, validated as its `options_type`.
        signature: The model's signature as far as it is known before saving.
        input_example: The caller's input example, unconverted.
        flavor: The name of the flavor that saves, for wrappers.
    """

    path: Path
    options: OptionsT
    signature: ModelSignature | None = None
    input_example: Any = None
    flavor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadContext(Generic[ConfT]):
    """Everything a flavor may know while it loads a model.

    Attributes:
        path: The verified model directory, to be treated as read-only.
        conf: What stands under `flavors: <name>:`, validated as the flavor's `conf_type`.
        pyfunc_conf: What stands under `flavors: python_function:`; empty when the model has no such view.
        signature: The model's signature.
        options: The caller's load options, such as a device, validated as the flavor's `load_options_type`.
        require_trust: Call it with a reason before doing something that runs code from the model and that
            `executes_code(conf)` could not foresee; it raises `TrustError` unless the caller trusts this model.
        check_version: Call it with a distribution's name and the version recorded in the model; it warns, raises or
            keeps silent about a difference, as the caller's policy says.
        flavor: The name of the flavor that loads, for wrappers.
    """

    path: Path
    conf: ConfT
    pyfunc_conf: Mapping[str, Any] = field(default_factory=dict)
    signature: ModelSignature | None = None
    options: Any = None
    require_trust: Callable[[str], None]
    check_version: Callable[[str, str | None], None]
    flavor: str = ""

    def file(self, relative: str) -> Path:
        """The existing file or directory at a path taken from the model's conf.

        Args:
            relative: POSIX path relative to the model directory.

        Returns:
            The absolute path, symbolic links resolved.

        Raises:
            InvalidModelError: The path is absolute, leaves the directory, or nothing is there.
        """
        return existing_path(self.path, relative)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployContext(Generic[OptionsT]):
    """Everything a target may know while it applies a plan.

    Attributes:
        request: What to deploy, under which name, with which options.
        plan: What `Target.plan` answered for this request.
        progress: Call it with one line for each step that was taken. It may raise: the caller wants to stop.
        target: The name of the target, for wrappers.
    """

    request: DeployRequest[OptionsT]
    plan: Plan
    progress: Callable[[str], None]
    target: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalRunContext(Generic[OptionsT]):
    """Everything a target may know while it serves a model on this machine.

    Attributes:
        request: What to serve; nothing is deployed under its name.
        host: The address to listen on.
        port: The port to listen on; 0 finds a free one.
        progress: Call it with one line for each thing worth knowing, such as where the server listens.
    """

    request: DeployRequest[OptionsT]
    host: str
    port: int
    progress: Callable[[str], None]

"""What core hands to a plugin's hooks.

Hooks take one context each, and contexts grow: a new need becomes a new field with a default, so a plugin written
for an older release keeps working. All contexts are immutable.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from modelpack.errors import PluginError
from modelpack.paths import existing_path

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from modelpack.batch.records import BatchProgress, BatchRequest, InputFile
    from modelpack.deployments.records import DeployRequest, Plan
    from modelpack.schema.signature import ModelSignature

OptionsT = TypeVar("OptionsT")
ConfT = TypeVar("ConfT")


def _alone(flavor: str, options: Mapping[str, Any]) -> None:  # noqa: ARG001 - what a save would do with them
    raise PluginError(f"the flavor {flavor!r} cannot be added here: no model is being saved")


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
        save_also: Call it with the name of another flavor and its options: that flavor saves the same model into the
            same directory, stands in `MLmodel` as well, and its plugin among the requirements. It raises
            `PluginError` when the flavor is not installed, and what that flavor raises.
    """

    path: Path
    options: OptionsT
    signature: ModelSignature | None = None
    input_example: Any = None
    flavor: str = ""
    save_also: Callable[[str, Mapping[str, Any]], None] = _alone


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
        generic: Whether the generic Python view alone is wanted. A flavor may then answer anything that its
            `modelpack_pyfunc_adapt` takes, where the library's own object needs more than the view, such as a cluster.
    """

    path: Path
    conf: ConfT
    pyfunc_conf: Mapping[str, Any] = field(default_factory=dict)
    signature: ModelSignature | None = None
    options: Any = None
    require_trust: Callable[[str], None]
    check_version: Callable[[str, str | None], None]
    flavor: str = ""
    generic: bool = False

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
class BatchContext(Generic[OptionsT]):
    """Everything an engine may know while it scores a batch.

    Attributes:
        request: What the caller wants: the model, its params, which columns are kept, the format, the engine's options.
        model_path: The verified local model directory, read-only. Whoever ships it elsewhere loads it there with
            `request.model`, its `uri` replaced: that checks the digest and carries the caller's trust along.
        signature: The model's signature.
        names: The prediction columns' names as the signature gives them; empty where it does not.
        files: The files to score, in the order of their names, their columns checked; none where the engine reads the
            source itself.
        directory: Where the output goes: an empty directory that core publishes, `_SUCCESS` added, when the hook has
            answered, and removes when it has not; None where the engine writes `request.destination` itself.
        check_columns: Call it with words for a place, such as `table sales`, and the Arrow schema there. It raises
            `SchemaError` when it does not fit the signature, or when a column to keep or to partition by is missing or
            has the name of a prediction column. It answers the columns of it that go to the output: those to keep, and
            those to partition by.
        progress: Call it now and then.
    """

    request: BatchRequest[OptionsT]
    model_path: Path
    signature: ModelSignature | None = None
    names: tuple[str, ...] = ()
    files: tuple[InputFile, ...] = ()
    directory: Path | None = None
    check_columns: Callable[[str, Any], tuple[str, ...]]
    progress: Callable[[BatchProgress], None]


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

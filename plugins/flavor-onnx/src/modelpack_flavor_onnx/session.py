"""Sessions of ONNX Runtime, with the providers that are there."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from modelpack import ModelpackWarning
from modelpack.errors import MissingDependencyError
from modelpack_flavor_onnx.settings import ONNX_EXECUTION_PROVIDERS, SessionOptions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from modelpack_flavor_onnx.settings import Provider, Settings

CPU = "CPUExecutionProvider"
RUNTIMES = ("onnxruntime-gpu", "onnxruntime", "onnxruntime-directml", "onnxruntime-openvino", "onnxruntime-silicon")
"""The distributions that bring the module, all of them in place of each other."""


def runtime() -> Any:
    """ONNX Runtime.

    Raises:
        MissingDependencyError: It is not installed.
    """
    try:
        import onnxruntime
    except ModuleNotFoundError as error:
        if error.name != "onnxruntime":
            raise
        raise MissingDependencyError(
            "predicting with an ONNX model needs ONNX Runtime, which is not installed",
            hint='pip install "modelpack-flavor-onnx[onnxruntime]"; for NVIDIA GPUs instead'
            ' pip install "modelpack-flavor-onnx[onnxruntime-gpu]"',
        ) from error
    return onnxruntime


def installed_runtime() -> str | None:
    """The distribution of ONNX Runtime that is installed."""
    from modelpack.package.distributions import installed_version

    return next((name for name in RUNTIMES if installed_version(name) is not None), None)


def open_session(path: Path, settings: Sequence[Settings]) -> Any:
    """Make a session for a model's file.

    Providers that are not there, or do not start, are left out with a warning; a CPU is always there.

    Args:
        path: The file.
        settings: What is set in a later one counts.
    """
    library = runtime()
    chosen = [each.onnx_execution_providers for each in settings if each.onnx_execution_providers]
    providers = list(chosen[-1]) if chosen else ONNX_EXECUTION_PROVIDERS
    there = set(library.get_available_providers())
    usable = [provider for provider in providers if _name(provider) in there]
    if providers != ONNX_EXECUTION_PROVIDERS:
        _tell_missing([_name(provider) for provider in providers if provider not in usable], usable)
    options = _session_options(library, settings)
    session = library.InferenceSession(str(path), options, providers=usable or [CPU])  # falls back to the CPU by itself
    _tell_missing([_name(provider) for provider in usable if _name(provider) not in session.get_providers()], usable)
    return session


def _tell_missing(names: Sequence[str], usable: Sequence[Provider]) -> None:
    if not names:
        return
    others = [_name(provider) for provider in usable if _name(provider) not in names]
    warnings.warn(
        f"the model asks for {', '.join(names)}, which the installed ONNX Runtime does not have here;"
        f" it runs on {', '.join(others) or CPU}",
        ModelpackWarning,
        stacklevel=3,
    )


def _name(provider: Provider) -> str:
    return provider if isinstance(provider, str) else provider[0]


def _session_options(library: Any, settings: Sequence[Settings]) -> Any:
    options = library.SessionOptions()
    for each in settings:
        _set(library, options, each.onnx_session_options or SessionOptions())
    return options


def _set(library: Any, options: Any, chosen: SessionOptions) -> None:
    if chosen.inter_op_num_threads is not None:
        options.inter_op_num_threads = chosen.inter_op_num_threads
    if chosen.intra_op_num_threads is not None:
        options.intra_op_num_threads = chosen.intra_op_num_threads
    if chosen.execution_mode is not None:
        options.execution_mode = getattr(library.ExecutionMode, f"ORT_{chosen.execution_mode.upper()}")
    if chosen.graph_optimization_level is not None:
        options.graph_optimization_level = library.GraphOptimizationLevel(chosen.graph_optimization_level)
    for key, value in (chosen.extra_session_config or {}).items():
        options.add_session_config_entry(key, value)

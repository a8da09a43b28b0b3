"""The settings that a model brings along, and which of them it may bring without being trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from modelpack.errors import InvalidModelError
from modelpack_flavor_onnx.settings import SessionOptions, Settings, problems

if TYPE_CHECKING:
    from collections.abc import Mapping


def _names(prefix: str, names: str) -> frozenset[str]:
    return frozenset(f"{prefix}{name}" for name in names.split())


_HARMLESS = (
    _names(
        "",
        "arena_extend_strategy cudnn_conv1d_pad_to_nc1d cudnn_conv_algo_search cudnn_conv_use_max_workspace "
        "device_id device_type do_copy_in_default_stream enable_cuda_graph enable_skip_layer_norm_strict_mode "
        "gpu_mem_limit intra_op_num_threads num_of_threads num_streams precision prefer_nhwc trt_dla_core "
        "trt_dla_enable trt_fp16_enable trt_int8_enable trt_max_partition_iterations trt_max_workspace_size "
        "trt_min_subgraph_size use_arena use_ep_level_unified_stream use_tf32",
    )
    | _names("optimization.", "disable_specified_optimizers enable_cast_chain_elimination enable_gelu_approximation")
    | _names(
        "session.",
        "allow_released_opsets_only disable_aot_function_inlining disable_cpu_ep_fallback "
        "disable_double_qdq_remover disable_prepacking disable_quant_qdq dynamic_block_base "
        "enable_quant_qdq_cleanup force_spinning_stop graph_optimizations_loop_level inter_op.allow_spinning "
        "intra_op.allow_spinning intra_op_thread_affinities qdq_matmulnbits_accuracy_level qdqisint8allowed "
        "set_denormal_as_zero strict_shape_type_inference use_device_allocator_for_initializers use_env_allocators "
        "x64quantprecision",
    )
)
"""Numbers and switches. Of what else there is, some load a native library or read and write a file by its path."""


def recorded_settings(providers: Any, session_options: Mapping[str, Any] | None) -> Settings:
    """The settings that stand in a model; session options that MLflow lets in and never sets are left out.

    Args:
        providers: Names, and lists of a name and options; written by hand also one name, or nothing.
        session_options: As MLflow writes them.

    Raises:
        InvalidModelError: A value cannot be used.
    """
    options = {name: value for name, value in (session_options or {}).items() if name in SessionOptions.model_fields}
    values = {
        "onnx_execution_providers": ([providers] if isinstance(providers, str) else providers) or None,
        "onnx_session_options": options,
    }
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        raise InvalidModelError(f"the model's settings for ONNX Runtime cannot be used: {problems(error)}") from error


def unknown_options(session_options: Mapping[str, Any] | None) -> list[str]:
    """The session options in a model that are left out."""
    return sorted(set(session_options or {}) - set(SessionOptions.model_fields))


def hazards(settings: Settings) -> list[str]:
    """The settings in a model that could make ONNX Runtime load a library or touch other files, by name."""
    options = settings.onnx_session_options
    named = set(options.extra_session_config or () if options is not None else ())
    for provider in settings.onnx_execution_providers or ():
        named |= set() if isinstance(provider, str) else set(provider[1])
    return sorted(named - _HARMLESS)

"""What a user may set for ONNX Runtime: providers and session options, and which of those a model may bring along."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import BeforeValidator, NonNegativeInt, ValidationError

from modelpack import PluginOptions

ONNX_EXECUTION_PROVIDERS = ["CUDAExecutionProvider", "CPUExecutionProvider"]
"""MLflow's default: a GPU where there is one."""

Provider: TypeAlias = str | tuple[str, dict[str, str | bool | int | float]]
ExecutionMode: TypeAlias = Annotated[
    Literal["sequential", "parallel"], BeforeValidator(lambda value: value.lower() if isinstance(value, str) else value)
]


class SessionOptions(PluginOptions):
    """Options of an ONNX Runtime session, those that MLflow knows.

    Attributes:
        inter_op_num_threads: Threads for nodes side by side, in the mode `parallel`; 0 lets the runtime choose.
        intra_op_num_threads: Threads within a node; 0 lets the runtime choose.
        execution_mode: `sequential` or `parallel`.
        graph_optimization_level: 0 none, 1 basic, 2 extended, 3 layout, 99 all.
        extra_session_config: Entries of the session's config, keys and values text.
    """

    inter_op_num_threads: NonNegativeInt | None = None
    intra_op_num_threads: NonNegativeInt | None = None
    execution_mode: ExecutionMode | None = None
    graph_optimization_level: Literal[0, 1, 2, 3, 99] | None = None
    extra_session_config: dict[str, str] | None = None


class Settings(PluginOptions):
    """What stands in a model, and what `load_model` takes: the caller's word counts more than the model's.

    Attributes:
        onnx_execution_providers: Where to run, in order of preference.
        onnx_session_options: Options of the session; each that is set replaces the model's.
    """

    onnx_execution_providers: tuple[Provider, ...] | None = None
    onnx_session_options: SessionOptions | None = None


def problems(error: ValidationError) -> str:
    """What is wrong with options, one by one, each named."""
    return "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())

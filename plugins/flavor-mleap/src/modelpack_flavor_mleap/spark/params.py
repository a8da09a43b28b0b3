"""The parameters of a stage."""

from __future__ import annotations

from typing import Any


def param(stage: Any, name: str) -> Any:
    """The value of a parameter, or its default."""
    return stage.getOrDefault(stage.getParam(name))


def is_set(stage: Any, name: str) -> bool:
    """Whether a stage has the parameter and somebody has set it."""
    return bool(stage.hasParam(name) and stage.isSet(stage.getParam(name)))


def pairs(stage: Any) -> list[tuple[str, str]]:
    """The columns that a stage reads, each with the one that it writes."""
    if is_set(stage, "inputCols"):
        return list(zip(param(stage, "inputCols"), param(stage, "outputCols"), strict=True))
    return [(param(stage, "inputCol"), param(stage, "outputCol"))]


def numbered(kind: str, names: list[str]) -> dict[str, str]:
    """Ports such as `input0`, and their columns."""
    return {f"{kind}{place}": name for place, name in enumerate(names)}


def name_of(stage: Any, place: int, count: int) -> str:
    """The name of one of the steps that a stage becomes."""
    return str(stage.uid) if count == 1 else f"{stage.uid}_{place}"

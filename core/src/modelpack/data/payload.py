"""What a request or file holds once it is decoded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

Dialect: TypeAlias = Literal["wrapped", "bare"]
"""How JSON predictions are written: in an object under `predictions`, or as they are (S111)."""


@dataclass(frozen=True, slots=True)
class Payload:
    """Input for one call of `predict`.

    Attributes:
        data: A DataFrame for tabular forms, or an array where the plan allows it; an array or a dict of arrays for
            tensors.
        params: The params that came with the data; None without such.
        notice: A remark for whoever runs the server, such as a form that is no longer the default.
    """

    data: Any
    params: Mapping[str, Any] | None = None
    notice: str | None = None

"""The target `depot` from a test's side."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from modelpack.package.info import ModelInfo
    from modelpack.plugins.manager import PluginManager


@dataclass
class Depot:
    """A directory that models are deployed to.

    Attributes:
        model: The model to deploy.
        other: Another one.
        directory: Where the records lie.
        plugins: A manager that knows the target `depot`.
        told: The lines of progress.
    """

    model: ModelInfo
    other: ModelInfo
    directory: Path
    plugins: PluginManager
    told: list[str] = field(default_factory=list)

    def where(self, **options: Any) -> dict[str, Any]:
        """The arguments that every verb takes."""
        return {"target": "depot", "options": {"directory": self.directory, **options}, "plugins": self.plugins}

"""A module that a model needs and that is not installed: which one, and how to get it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from modelpack.errors import MissingDependencyError

if TYPE_CHECKING:
    from pathlib import Path

REQUIREMENTS = "requirements.txt"


def missing_module(error: ModuleNotFoundError, needing: str, root: Path) -> MissingDependencyError:
    """The error for a module that was not found.

    Args:
        error: What the import raised.
        needing: Who needs it, as the beginning of a sentence: `the pickled model python_model.pkl needs`.
        root: The model directory; its requirements know the distribution and the version.
    """
    module = error.name or str(error)
    return MissingDependencyError(f"{needing} the module {module!r}, which is not installed", hint=_hint(module, root))


def _hint(module: str, root: Path) -> str:
    top = module.partition(".")[0]
    requirements = _requirements(root)
    wanted = next((text for name, text in requirements.items() if name == canonicalize_name(top)), None)
    if wanted is not None:
        return f'pip install "{wanted}"'
    if top == "mlflow":
        return "the model uses MLflow itself: pip install mlflow"
    code = f"if {top} is your own code, save the model again with code_paths=[…]"
    return f"pip install -r {root / REQUIREMENTS}; {code}" if requirements else f"install what provides {top}; {code}"


def _requirements(root: Path) -> dict[str, str]:
    try:
        lines = (root / REQUIREMENTS).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return {}
    found: dict[str, str] = {}
    for line in lines:
        try:
            found[canonicalize_name(Requirement(line.strip()).name)] = line.strip()
        except InvalidRequirement:
            continue
    return found

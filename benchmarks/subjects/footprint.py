"""What an environment holds beside scikit-learn, pandas and NumPy: packages and megabytes."""

from __future__ import annotations

import json
import re
from importlib.metadata import Distribution, distributions
from pathlib import Path

from packaging.requirements import Requirement

BASE = {"scikit-learn", "pandas", "numpy", "pip", "setuptools", "wheel"}


def main() -> None:
    """Print the number and the size of the distributions that the base does not need."""
    installed = {canonical(found.metadata["Name"]): found for found in distributions()}
    base = closure(BASE & set(installed), installed)
    added = {name: size(found) for name, found in installed.items() if name not in base}
    print(json.dumps({"packages": len(added), "mib": sum(added.values()) / 2**20, "names": sorted(added)}))


def closure(names: set[str], installed: dict[str, Distribution]) -> set[str]:
    """The names and all that they require."""
    found = set(names)
    for name in names:
        required = map(Requirement, installed[name].requires or [])
        needed = {
            canonical(item.name) for item in required if item.marker is None or item.marker.evaluate({"extra": ""})
        }
        found |= closure((needed & set(installed)) - found, installed)
    return found


def size(distribution: Distribution) -> int:
    """Bytes on disk, without byte code."""
    files = [Path(str(path.locate())) for path in distribution.files or [] if path.suffix != ".pyc"]
    return sum(path.stat().st_size for path in files if path.is_file())


def canonical(name: str) -> str:
    """The normal form of a distribution's name."""
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    main()

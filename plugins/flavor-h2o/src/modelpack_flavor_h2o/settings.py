"""`h2o.yaml`: which file is the model, and how H2O is started for it (S83, S84)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelpack.errors import InvalidModelError
from modelpack.schema.yaml import read_yaml, write_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FILE = "h2o.yaml"
_PLACES = ("full_file", "model_dir", "model_file")
"""What MLflow writes beside the caller's settings; two of them are absolute paths, which nothing reads."""


def write(folder: Path, model_file: str, settings: Mapping[str, Any]) -> None:
    """Write the caller's settings, and the name of the model's file; no path of this machine.

    Raises:
        InvalidArgumentError: The settings hold something else than plain values.
    """
    kept = {key: value for key, value in settings.items() if key not in _PLACES}
    (folder / FILE).write_text(write_yaml({**kept, "model_file": model_file}), encoding="utf-8")


def read(path: Path) -> tuple[str, dict[str, Any]]:
    """The name of the model's file, and the arguments of `h2o.init`.

    Raises:
        InvalidModelError: The file says no name, or its `init` is no mapping.
    """
    content = read_yaml(path.read_bytes(), source=str(path))
    name = content.get("model_file") if isinstance(content, dict) else None
    if not isinstance(name, str):
        raise InvalidModelError(f"{path} does not name the model's file", hint="it has the key model_file")
    init = content.get("init") or {}
    if not isinstance(init, dict):
        raise InvalidModelError(f"init in {path} is {init!r}, not a mapping of arguments of h2o.init")
    return name, init

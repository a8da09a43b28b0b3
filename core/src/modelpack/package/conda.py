"""Conda environment files: what a user gives, checked, and the default that is written."""

from __future__ import annotations

import platform
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelpack.errors import InvalidArgumentError, ModelpackError
from modelpack.package.requirements import RequirementLines, joined_by_mistake, read_requirements
from modelpack.schema.yaml import read_yaml

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

ARGUMENT = "conda_env"
_SPEC = re.compile(r"(?:[\w./:-]+::)?[A-Za-z0-9_][\w.-]*(?:\[[^\]]*\]|\s*[=<>!~ ][^\n\r]*)?")
_PYTHON = re.compile(r"python\s*={1,2}\s*(\d+(?:\.\d+)+)(?:\.\*)?")
_VERSION_THEN_WORD = re.compile(r"(?<=[0-9*])(?!rc|alpha|beta|dev|post|pre)[A-Za-z]{2,}[\w.-]*(?===?\d+[.\d]*$)")
_EXAMPLE = 'conda_env={"channels": ["conda-forge"], "dependencies": ["python=3.11", "pip", {"pip": ["numpy==2.4.6"]}]}'


def default_conda(requirements: Sequence[str]) -> dict[str, Any]:
    """The environment that is written when the user gives none, in MLflow's form."""
    return {
        "name": "mlflow-env",
        "channels": ["conda-forge"],
        "dependencies": [f"python={platform.python_version()}", "pip", {"pip": list(requirements)}],
    }


def read_conda(source: str | os.PathLike[str] | Mapping[str, Any]) -> dict[str, Any]:
    """Read and check the environment that a user gives, as a mapping or as the path of a YAML file (S47).

    Returns:
        The mapping, a copy.

    Raises:
        InvalidArgumentError: The file cannot be read, or a part of it is malformed; the message shows the part.
    """
    content = dict(source) if isinstance(source, Mapping) else _from_file(Path(source))
    dependencies = content.get("dependencies", [])
    if not isinstance(dependencies, list):
        raise InvalidArgumentError(
            f"`dependencies` of {ARGUMENT} is {dependencies!r} and no list", hint=f"for example {_EXAMPLE}"
        )
    for dependency in dependencies:
        _check_dependency(dependency)
    return {**content, "dependencies": list(dependencies)}


def pip_section(conda: Mapping[str, Any]) -> RequirementLines:
    """The pip requirements of a conda environment, checked.

    Raises:
        InvalidArgumentError: One of them cannot be read.
    """
    lines = [
        line for dependency in conda["dependencies"] if isinstance(dependency, Mapping) for line in dependency["pip"]
    ]
    return read_requirements(lines, argument=f"the pip section of {ARGUMENT}")


def with_pip_section(conda: Mapping[str, Any], requirements: Sequence[str]) -> dict[str, Any]:
    """The environment with its pip requirements replaced."""
    kept = [dependency for dependency in conda["dependencies"] if not isinstance(dependency, Mapping)]
    if not any(re.match(r"pip\b(?!-)", dependency) for dependency in kept):
        kept.append("pip")
    return {**conda, "dependencies": [*kept, {"pip": list(requirements)}]}


def python_of(conda: Mapping[str, Any]) -> str | None:
    """The Python version that a conda environment pins."""
    matches = (_PYTHON.fullmatch(entry.strip()) for entry in conda["dependencies"] if isinstance(entry, str))
    return next((match[1] for match in matches if match), None)


def _from_file(path: Path) -> dict[str, Any]:
    try:
        content = read_yaml(path.read_bytes(), source=str(path))
    except OSError as error:
        raise InvalidArgumentError(
            f"{ARGUMENT} names the file {str(path)!r}, which cannot be read: {error.strerror or error}",
            hint=f"give the path of a conda environment file, or a mapping: {_EXAMPLE}",
        ) from error
    except ModelpackError as error:
        raise InvalidArgumentError(f"{ARGUMENT}: {error.message}", hint=error.hint) from error
    if not isinstance(content, Mapping):
        raise InvalidArgumentError(f"{ARGUMENT}: {path} holds no mapping", hint=f"for example {_EXAMPLE}")
    return dict(content)


def _check_dependency(dependency: object) -> None:
    if isinstance(dependency, str):
        _check_spec(dependency)
    elif not (isinstance(dependency, Mapping) and set(dependency) == {"pip"} and isinstance(dependency["pip"], list)):
        raise InvalidArgumentError(
            f"{ARGUMENT} holds the dependency {dependency!r}, neither a package nor a list for pip",
            hint=f"for example {_EXAMPLE}",
        )


def _check_spec(spec: str) -> None:
    pair = joined_by_mistake(spec) or _joined_specs(spec)
    if pair is not None:
        raise InvalidArgumentError(
            f"{ARGUMENT} holds the dependency {spec!r}, which is two",
            hint=f"a comma seems to be missing between two strings: {pair[0]!r} and {pair[1]!r}",
        )
    if _SPEC.fullmatch(spec.strip()) is None:
        raise InvalidArgumentError(
            f"{ARGUMENT} holds {spec!r}, which is not a conda package",
            hint="write it as conda takes it, such as numpy=2.4 or conda-forge::pandas>=3",
        )


def _joined_specs(spec: str) -> tuple[str, str] | None:
    """Two conda packages run together: a word that follows a version and has a version itself."""
    match = _VERSION_THEN_WORD.search(spec)
    return None if match is None else (spec[: match.start()], spec[match.start() :])

"""What a model says about its environment, whoever wrote it, as far as an image can follow it."""

from __future__ import annotations

import platform
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name

from modelpack.errors import InvalidArgumentError, InvalidModelError
from modelpack.images.requirement_lines import ImageRequirement, parsed_lines
from modelpack.package.conda import python_of, read_conda
from modelpack.package.environment import CONDA, PYTHON_ENV, REQUIREMENTS
from modelpack.package.python_function import NAME as PYFUNC
from modelpack.package.requirements import read_requirements
from modelpack.paths import existing_path
from modelpack.schema.yaml import read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from modelpack.package.load import StoredModel

_REFERENCE = re.compile(r"(-r|-c|--requirement|--constraint)[ =]\s*(\S+)")
_REFERENCES = ("-r", "-c", "--requirement", "--constraint")
_VERSION = re.compile(r"(\d+)\.(\d+)(?:\.\d+)?(?:[a-z].*)?")
_OF_PYTHON = frozenset({"pip", "python", "setuptools", "wheel"})
_CONDA_NAME = re.compile(r"(?:.*::)?([A-Za-z0-9_.-]+)")
_DEEPEST = 5


@dataclass(frozen=True, slots=True)
class ModelEnvironment:
    """The environment of one model.

    Attributes:
        python: The version of Python, such as `3.11`.
        requirements: What the model needs of pip.
        constraints: Lines of a constraints file.
        conda_only: The names of packages that it needs of conda.
        stated: Whether the model says anything at all about what it needs.
    """

    python: str
    requirements: tuple[ImageRequirement, ...]
    constraints: tuple[str, ...]
    conda_only: tuple[str, ...]
    stated: bool


def model_environment(stored: StoredModel) -> ModelEnvironment:
    """Read `requirements.txt`, or the conda environment of a model that has none, and the version of Python.

    Raises:
        InvalidModelError: A file is malformed, names a file outside the model, or holds what cannot be installed
            elsewhere, such as a path of the machine that the model was saved on.
    """
    try:
        return _read(stored)
    except InvalidArgumentError as error:
        raise InvalidModelError(f"the environment of {stored.path}: {error.message}", hint=error.hint) from error


def _read(stored: StoredModel) -> ModelEnvironment:
    conda = _conda(stored)
    python = _python(stored, conda)
    if (stored.path / REQUIREMENTS).is_file():
        requirements, constraints = _file_lines(stored, REQUIREMENTS, 0)
        return ModelEnvironment(python, parsed_lines(requirements), constraints, (), stated=True)
    if conda is None:
        return ModelEnvironment(python, (), (), (), stated=False)
    requirements, constraints = _lines(stored, _pip_section(conda), f"the pip section of {CONDA}")
    return ModelEnvironment(python, parsed_lines(requirements), constraints, tuple(_conda_only(conda)), stated=True)


def _file_lines(stored: StoredModel, name: str, depth: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    path = existing_path(stored.path, name)
    if depth > _DEEPEST:
        raise InvalidModelError(f"the requirements files of the model in {stored.path} name each other")
    return _lines(stored, path.read_text(encoding="utf-8-sig", errors="replace"), name, depth)


def _lines(stored: StoredModel, text: str, source: str, depth: int = 0) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The requirements and constraints in a text and in the files that it names, which have to be the model's too."""
    own: list[str] = []
    requirements: list[str] = []
    constraints: list[str] = []
    for line in _logical_lines(text):
        if not line.startswith(_REFERENCES):
            own.append(line)
            continue
        reference = _REFERENCE.fullmatch(line)
        if reference is None:
            raise InvalidModelError(f"{source} holds {line!r}, which names no file of the model")
        inner, outer = _file_lines(stored, reference[2], depth + 1)
        (constraints if reference[1] in {"-c", "--constraint"} else requirements).extend(inner)
        constraints.extend(outer)
    read = read_requirements(own, argument=source)
    return (*read.requirements, *requirements), tuple(constraints)


def _logical_lines(text: str) -> Iterator[str]:
    for line in re.sub(r"\\[ \t]*\r?\n", " ", text).splitlines():
        if cleaned := re.sub(r"(^|\s)#.*", "", line).strip():
            yield cleaned


def _conda(stored: StoredModel) -> dict[str, Any] | None:
    """The conda environment, in the file that the model names or under its usual name."""
    env = stored.mlmodel.flavors.get(PYFUNC, {}).get("env")
    named = env.get("conda") if isinstance(env, Mapping) else env
    name = named if isinstance(named, str) else CONDA
    if not (stored.path / name).is_file():
        return None
    return read_conda(existing_path(stored.path, name))


def _pip_section(conda: Mapping[str, Any]) -> str:
    parts = [dependency["pip"] for dependency in conda["dependencies"] if isinstance(dependency, Mapping)]
    return "\n".join(str(line) for part in parts for line in part)


def _conda_only(conda: Mapping[str, Any]) -> Iterator[str]:
    for dependency in conda["dependencies"]:
        match = _CONDA_NAME.match(dependency.strip()) if isinstance(dependency, str) else None
        if match is not None and canonicalize_name(match[1]) not in _OF_PYTHON:
            yield canonicalize_name(match[1])


def _python(stored: StoredModel, conda: Mapping[str, Any] | None) -> str:
    stated = (
        _python_env(stored),
        None if conda is None else python_of(conda),
        stored.mlmodel.flavors.get(PYFUNC, {}).get("python_version"),
    )
    return next(_minors(stated), ".".join(platform.python_version_tuple()[:2]))


def _minors(stated: Iterable[object]) -> Iterator[str]:
    for version in stated:
        match = _VERSION.fullmatch(str(version).strip())
        if match is not None:
            yield f"{match[1]}.{match[2]}"


def _python_env(stored: StoredModel) -> object:
    file = stored.path / PYTHON_ENV
    if not file.is_file():
        return None
    content = read_yaml(existing_path(stored.path, PYTHON_ENV).read_bytes(), source=str(file))
    return content.get("python") if isinstance(content, Mapping) else None

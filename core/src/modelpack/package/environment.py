"""The environment of a model: requirements.txt, conda.yaml and python_env.yaml, in the form that MLflow writes."""

from __future__ import annotations

import platform
import re
import warnings
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from modelpack import __version__
from modelpack.errors import InvalidArgumentError, ModelpackWarning, PluginError
from modelpack.package.conda import default_conda, pip_section, python_of, read_conda, with_pip_section
from modelpack.package.distributions import installed_version
from modelpack.package.requirements import RequirementLines, read_requirements
from modelpack.schema.yaml import write_yaml

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from modelpack.plugins.discovery import PluginRecord

CONDA = "conda.yaml"
PYTHON_ENV = "python_env.yaml"
REQUIREMENTS = "requirements.txt"
CONSTRAINTS = "constraints.txt"
CORE = "modelpack-core"
_NAME = re.compile(r"[A-Za-z0-9._-]+")
FILES = {"conda": CONDA, "virtualenv": PYTHON_ENV}


@dataclass(frozen=True, slots=True)
class UserEnvironment:
    """What a caller said about the environment, read and checked before anything is written.

    Attributes:
        conda: The conda environment, when one was given.
        given: Requirements that replace those that modelpack would find.
        extra: Requirements on top of those.
    """

    conda: Mapping[str, Any] | None = None
    given: RequirementLines | None = None
    extra: RequirementLines = field(default_factory=RequirementLines)

    @classmethod
    def read(
        cls,
        conda_env: str | os.PathLike[str] | Mapping[str, Any] | None,
        pip_requirements: str | os.PathLike[str] | Iterable[str] | None,
        extra_pip_requirements: str | os.PathLike[str] | Iterable[str] | None,
    ) -> UserEnvironment:
        """Read the three arguments of a save, of which one may be given.

        Raises:
            InvalidArgumentError: Two were given, or one cannot be read.
        """
        arguments = {
            "conda_env": conda_env,
            "pip_requirements": pip_requirements,
            "extra_pip_requirements": extra_pip_requirements,
        }
        named = [name for name, value in arguments.items() if value is not None]
        if len(named) > 1:
            raise InvalidArgumentError(
                f"{' and '.join(named)} were given together, and each describes the whole environment in its own way",
                hint="give one of them",
            )
        if conda_env is not None:
            conda = read_conda(conda_env)
            return cls(conda=conda, given=pip_section(conda))
        if pip_requirements is not None:
            return cls(given=read_requirements(pip_requirements, argument="pip_requirements"))
        if extra_pip_requirements is not None:
            return cls(extra=read_requirements(extra_pip_requirements, argument="extra_pip_requirements"))
        return cls()


@dataclass(frozen=True, slots=True)
class Environment:
    """What is written with a model.

    Attributes:
        requirements: The lines of `requirements.txt`.
        constraints: The lines of `constraints.txt`, which is written when there are any.
        conda: The content of `conda.yaml`.
        python: The Python version.
    """

    requirements: tuple[str, ...]
    constraints: tuple[str, ...]
    conda: Mapping[str, Any]
    python: str

    def write(self, directory: Path) -> None:
        """Write the environment files into a model directory."""
        lines = [line for requirement in self.requirements for line in (*_note(requirement), requirement)]
        _write(directory / REQUIREMENTS, "".join(f"{line}\n" for line in lines))
        if self.constraints:
            _write(directory / CONSTRAINTS, "".join(f"{line}\n" for line in self.constraints))
        _write(directory / CONDA, write_yaml(self.conda))
        _write(directory / PYTHON_ENV, _python_env(self.python))


def environment(user: UserEnvironment, declared: Iterable[str], record: PluginRecord | None) -> Environment:
    """Work out the environment of a model, without loading it and without asking an index.

    Args:
        user: What the caller said.
        declared: The distributions that the flavor and the model's own code need; those without a version are pinned
            at the version that is installed.
        record: The plugin whose flavor saves the model.

    Raises:
        PluginError: The flavor declared something that is not a requirement.
    """
    loaders = _loaders(record)
    if user.given is None:
        found = [*loaders, *(_pinned(name, record) for name in declared)]
        requirements = _without_repeats([*found, *user.extra.requirements])
        constraints = user.extra.constraints
    else:
        names = user.given.names()
        missing = [line for line in loaders if canonicalize_name(_name(line)) not in names]
        requirements = (*missing, *user.given.requirements)
        constraints = user.given.constraints
    if constraints:
        requirements = (*requirements, f"-c {CONSTRAINTS}")
    conda = default_conda(requirements) if user.conda is None else with_pip_section(user.conda, requirements)
    python = python_of(conda) or platform.python_version()
    return Environment(tuple(requirements), constraints, conda, python)


@cache
def _python_env(python: str) -> str:
    content = {
        "python": python,
        "build_dependencies": ["pip", "setuptools", "wheel"],
        "dependencies": [f"-r {REQUIREMENTS}"],
    }
    return write_yaml(content)


def _loaders(record: PluginRecord | None) -> list[str]:
    """What reads the model: core, and the flavor's own distribution."""
    core = f"{CORE}=={__version__}"
    if record is None or canonicalize_name(record.distribution) == CORE:
        return [core]
    pinned = f"{record.distribution}=={record.version}"
    return [core, pinned] if _is_requirement(pinned) else [core]


def _is_requirement(text: str) -> bool:
    """A flavor object that no distribution installs has no version that could be required."""
    try:
        Requirement(text)
    except InvalidRequirement:
        return False
    return True


def _pinned(declared: str, record: PluginRecord | None) -> str:
    try:
        requirement = Requirement(declared)
    except InvalidRequirement as error:
        raise PluginError(f"{record or 'a flavor'} declares the requirement {declared!r}, which is none") from error
    if requirement.specifier or requirement.url:
        return declared
    version = installed_version(requirement.name)
    if version is None:
        warnings.warn(
            f"{requirement.name}, which the model needs, is not installed as a distribution here; "
            "it stands in the model's requirements without a version",
            ModelpackWarning,
            stacklevel=2,
        )
        return declared
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    return f"{requirement.name}{extras}=={version}"


def _without_repeats(lines: Sequence[str]) -> tuple[str, ...]:
    """One line a distribution; a later one, which is the caller's, replaces an earlier one."""
    chosen: dict[str, str] = {}
    for line in lines:
        chosen[line if line.startswith("-") else canonicalize_name(_name(line))] = line
    return tuple(chosen.values())


def _name(line: str) -> str:
    """The name at the start of a requirement that was checked before."""
    found = _NAME.match(line)
    return found[0] if found else line


def _note(requirement: str) -> list[str]:
    """A local version label, such as `+cu128`, is kept, with a note that it needs an index that has it."""
    _, separator, version = requirement.partition("==")
    _, plus, label = version.partition("+")
    if not (separator and plus):
        return []
    return [f"# the label +{label} names a build that PyPI does not serve: install with the index that has it"]


def _write(path: Path, text: str) -> None:
    path.write_bytes(text.encode())

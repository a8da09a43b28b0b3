"""What is installed in an image: the model's requirements, and what reads and serves it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

from modelpack import __version__
from modelpack.errors import InvalidArgumentError, InvalidModelError
from modelpack.images.requirement_lines import ImageRequirement, parsed_lines
from modelpack.package.distributions import installed_version
from modelpack.package.environment import CORE
from modelpack.package.requirements import RequirementLines, read_requirements

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from modelpack.images.model_environment import ModelEnvironment
    from modelpack.images.options import ImageOptions
    from modelpack.plugins.discovery import PluginRecord

_MLFLOW = frozenset({"mlflow", "mlflow-skinny", "mlflow-tracing"})


@dataclass(frozen=True, slots=True)
class Required:
    """What is installed in an image.

    Attributes:
        lines: Requirements and index options, none of them twice.
        constraints: Lines of a constraints file for them.
        files: Wheels that the caller named; each satisfies one of the lines.
        notes: What whoever builds the image should know of it.
    """

    lines: tuple[ImageRequirement, ...]
    constraints: tuple[str, ...]
    files: tuple[Path, ...]
    notes: tuple[str, ...]

    def met_here(self) -> list[str]:
        """The canonical names of what is installed here in a version that will do in the image."""
        return [each.name for each in self.lines if each.name and _is_met_here(each)]

    def text_lines(self) -> tuple[str, ...]:
        """What pip and uv read."""
        return tuple(dict.fromkeys(each.line for each in self.lines))


def required(
    environment: ModelEnvironment, record: PluginRecord, declared: Sequence[str], options: ImageOptions
) -> Required:
    """Work out what is installed.

    Our own distributions have the versions that are installed here, since it is these that know how to make the image;
    all else is as the model says.

    Args:
        environment: What the model says.
        record: The plugin whose flavor is served.
        declared: What the flavor says that it needs, for a model that says nothing itself.
        options: What whoever builds the image adds and leaves out.

    Raises:
        InvalidModelError: The model needs packages of conda that are nowhere named as pip knows them.
        InvalidArgumentError: An extra requirement cannot be read.
    """
    notes: list[str] = []
    given, files = _extra(options.extra_requirements)
    extra = parsed_lines(given.requirements)
    chosen = {each.name for each in extra if each.name}
    _refuse_conda(environment, chosen | {canonicalize_name(name) for name in options.without_requirements})
    own = _own(record)
    models = environment.requirements if environment.stated else _declared(declared, notes)
    asked = [each for each in (*models, *extra) if each.name in own]
    kept = [each for each in models if each.name not in own and not _is_dropped(each, chosen, options, notes)]
    lines = [*_merged_own(own, asked, notes), *kept, *(each for each in extra if each.name not in own)]
    constraints = parsed_lines(dict.fromkeys((*environment.constraints, *given.constraints)))
    notes.extend(_notes([*lines, *constraints]))
    return Required(
        lines=tuple(sorted(lines, key=lambda each: bool(each.name))),
        constraints=tuple(each.line for each in constraints),
        files=tuple(files),
        notes=tuple(notes),
    )


def _extra(given: Iterable[str]) -> tuple[RequirementLines, list[Path]]:
    """The lines of the caller, and the wheels: a wheel is a line with its name and version, too."""
    lines: list[str] = []
    files: list[Path] = []
    for each in given:
        if each.endswith(".whl") and " " not in each:
            lines.append(_wheel_line(Path(each)))
            files.append(Path(each))
        else:
            lines.append(each)
    return read_requirements(lines, argument="--extra-requirement"), files


def _wheel_line(path: Path) -> str:
    try:
        name, version, *_ = parse_wheel_filename(path.name)
    except ValueError as error:
        raise InvalidArgumentError(f"{path} is no wheel: {error}") from error
    if not path.is_file():
        raise InvalidArgumentError(f"there is no wheel {path}")
    return f"{name}=={version}"


def _own(record: PluginRecord) -> dict[str, ImageRequirement]:
    """What reads and serves the model; the plugin brings what it needs of core, core's own flavor reads frames."""
    plugin = canonicalize_name(record.distribution)
    extras = frozenset({"pandas"} if plugin == CORE else ())
    own = {CORE: ImageRequirement(_pinned(CORE, __version__, extras), CORE, extras)}
    if plugin != CORE:
        own[plugin] = ImageRequirement(_pinned(record.distribution, record.version, frozenset()), plugin)
    return own


def _pinned(name: str, version: str, extras: frozenset[str]) -> str:
    return f"{name}[{','.join(sorted(extras))}]=={version}" if extras else f"{name}=={version}"


def _merged_own(
    own: dict[str, ImageRequirement], lines: Sequence[ImageRequirement], notes: list[str]
) -> Iterator[ImageRequirement]:
    """Our own distributions with the extras that anyone asks for, at the versions that are installed here."""
    for name, requirement in own.items():
        asked = [each for each in lines if each.name == name]
        extras = requirement.extras.union(*(each.extras for each in asked))
        bare, _, version = requirement.line.partition("==")
        line = _pinned(bare.partition("[")[0], version, extras)
        differing = [each.line for each in asked if "==" in each.line and not each.line.endswith(f"=={version}")]
        notes.extend(f"{text} is {version} in the image, the version that builds it" for text in differing)
        yield replace(requirement, line=line, extras=extras)


def _is_dropped(line: ImageRequirement, chosen: set[str], options: ImageOptions, notes: list[str]) -> bool:
    if line.name in chosen or (line.name and options.leaves_out(line.name)):
        return True
    if line.name in _MLFLOW:
        notes.append(
            f"{line.line} is left out: the model is read without it; --extra-requirement {line.name} for code that "
            "uses it"
        )
        return True
    return False


def _refuse_conda(environment: ModelEnvironment, named: set[str]) -> None:
    missing = [name for name in environment.conda_only if name not in named]
    if missing:
        raise InvalidModelError(
            f"the model takes {', '.join(missing)} from conda, and an image installs from Python's index",
            hint=f"name each as the index has it, such as --extra-requirement {missing[0]}==VERSION; or leave it out "
            f"with --without-requirement {missing[0]}",
        )


def _is_met_here(line: ImageRequirement) -> bool:
    version = installed_version(line.name)
    return version is not None and Requirement(line.line).specifier.contains(version, prereleases=True)


def _declared(declared: Sequence[str], notes: list[str]) -> tuple[ImageRequirement, ...]:
    notes.append("the model does not say what it needs: it gets what its flavor needs, as it is installed here")
    versions = {name: installed_version(name) for name in declared}
    return parsed_lines(name if version is None else f"{name}=={version}" for name, version in versions.items())


def _notes(lines: Iterable[ImageRequirement]) -> Iterator[str]:
    for each in lines:
        if "://" in each.line:
            yield f"packages may come from where the requirements say: {each.line}"
        if each.hashed:
            yield f"{each.line} is installed without its hashes, since not every requirement has some"

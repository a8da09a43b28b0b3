"""What a new plugin may be called, and what follows from its name."""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING, Literal, TypeAlias

from modelpack.errors import AlreadyExistsError, InvalidArgumentError
from modelpack.plugins.naming import PREFIXES, normalized

if TYPE_CHECKING:
    from modelpack.plugins.manager import PluginManager

NewKind: TypeAlias = Literal["flavor", "target"]

_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_LONGEST = 50
_OURS = "modelpack"


@dataclass(frozen=True, slots=True)
class PluginName:
    """The names of a new plugin.

    Attributes:
        kind: What it is.
        name: The name of its entry point; for a flavor its key in `MLmodel`.
    """

    kind: NewKind
    name: str

    @property
    def distribution(self) -> str:
        """What `pip install` calls it."""
        return PREFIXES[self.kind] + self.name.replace("_", "-")

    @property
    def package(self) -> str:
        """What `import` calls it."""
        return self.distribution.replace("-", "_")

    @property
    def title(self) -> str:
        """What its classes begin with."""
        return "".join(part.capitalize() for part in self.name.split("_"))


def checked_name(kind: NewKind, name: str, plugins: PluginManager) -> PluginName:
    """Check the name of a new plugin.

    Raises:
        InvalidArgumentError: It cannot be the name of an entry point, a distribution and a module alike.
        AlreadyExistsError: A plugin or distribution of that name is installed.
    """
    _check_form(kind, name)
    chosen = PluginName(kind, name)
    for record in plugins.records(kind):
        if record.name.replace("-", "_") == name:
            raise _taken(f"the {kind} {record.name!r} is installed already, by {record.distribution} {record.version}")
    try:
        version = metadata.version(chosen.distribution)
    except metadata.PackageNotFoundError:
        return chosen
    raise _taken(f"{chosen.distribution} {version} is installed already")


def _check_form(kind: NewKind, name: str) -> None:
    given = normalized(name)
    if given == _OURS or given.startswith(f"{_OURS}-"):
        bare = _suggested(given.removeprefix(PREFIXES[kind]).removeprefix(_OURS))
        raise InvalidArgumentError(
            f"a {kind} is not called {name!r}: the distribution gets {PREFIXES[kind]!r} before the name by itself",
            hint=f"did you mean {bare!r}?" if bare else "give it the name of the library or the platform",
        )
    if len(name) > _LONGEST:
        raise InvalidArgumentError(f"a name has at most {_LONGEST} characters; this one has {len(name)}")
    if keyword.iskeyword(name):
        raise InvalidArgumentError(f"a {kind} cannot be called {name!r}, which is a keyword of Python")
    if not _NAME.fullmatch(name):
        meant = _suggested(name)
        raise InvalidArgumentError(
            f"a {kind} cannot be called {name!r}: a name is lower-case letters, digits and single underscores,"
            " and begins with a letter",
            hint=f"did you mean {meant!r}?" if meant else None,
        )


def _suggested(name: str) -> str | None:
    """The name that was meant, when it can be told."""
    meant = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    return meant if _NAME.fullmatch(meant) and not keyword.iskeyword(meant) else None


def _taken(message: str) -> AlreadyExistsError:
    return AlreadyExistsError(message, hint="of two plugins with one name none is used: choose another name")

"""What is installed, read from the metadata of distributions: no plugin is imported to be found or listed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from modelpack.plugins.naming import normalized

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from email.message import Message
    from importlib.metadata import EntryPoint

FLAVORS = "modelpack.flavors"
TARGETS = "modelpack.targets"
ENGINES = "modelpack.engines"
COMMANDS = "modelpack.commands"
WRAPPERS = "modelpack.plugins"
MODEL_MODULES = "modelpack.model_modules"

DISABLE = "MODELPACK_DISABLE_PLUGINS"

Kind: TypeAlias = Literal["flavor", "target", "engine", "command", "wrapper"]
GROUPS: Mapping[Kind, str] = {
    "flavor": FLAVORS,
    "target": TARGETS,
    "engine": ENGINES,
    "command": COMMANDS,
    "wrapper": WRAPPERS,
}


@dataclass(frozen=True, slots=True)
class PluginRecord:
    """What an installed plugin says of itself without being imported.

    Attributes:
        kind: What it is.
        name: The name of its entry point.
        value: What the entry point refers to, as `module:attribute`.
        distribution: The distribution that installed it.
        version: The version of that distribution.
        summary: The distribution's one-line description.
        disabled: Whether `MODELPACK_DISABLE_PLUGINS` names it or its distribution.
    """

    kind: Kind
    name: str
    value: str
    distribution: str
    version: str
    summary: str
    disabled: bool

    def __str__(self) -> str:
        """The plugin as errors and traces name it."""
        return f"{self.kind} {self.name!r} ({self.distribution} {self.version})"


def installed_entry_points(group: str) -> Iterable[EntryPoint]:
    """The entry points of a group in the running environment; the first of two copies of a distribution counts."""
    from importlib.metadata import entry_points

    return entry_points(group=group)


class Discovery:
    """The entry points that a manager knows: read once, and again when a name is not among them."""

    def __init__(self, entry_points: Callable[[str], Iterable[EntryPoint]], environ: Mapping[str, str]) -> None:
        """Read from `entry_points`; take the disabled names from `environ`."""
        self._read = entry_points
        self._environ = environ
        self._groups: dict[str, dict[str, list[EntryPoint]]] = {}
        self._named: dict[tuple[Kind, str], tuple[PluginRecord, ...]] = {}

    def points(self, group: str) -> Mapping[str, list[EntryPoint]]:
        """The entry points of a group by name, several under a name that several distributions use."""
        known = self._groups.get(group)
        if known is None:
            known = {}
            for point in self._read(group):
                known.setdefault(point.name, []).append(point)
            self._groups[group] = known
        return known

    def records(self, kind: Kind) -> tuple[PluginRecord, ...]:
        """Every plugin of a kind, by name."""
        found = (record for name in self.points(GROUPS[kind]) for record in self.named(kind, name))
        return tuple(sorted(found, key=lambda record: (record.name, record.distribution)))

    def named(self, kind: Kind, name: str) -> tuple[PluginRecord, ...]:
        """The plugins of a kind that share a name; disabled ones too."""
        points = self.points(GROUPS[kind]).get(name, ())
        if points and (kind, name) not in self._named:
            self._named[kind, name] = tuple(self._record(kind, point) for point in points)
        return self._named.get((kind, name), ())

    def disabled_names(self) -> frozenset[str]:
        """The normalized names of plugins and distributions that the environment switches off."""
        names = self._environ.get(DISABLE, "").split(",")
        return frozenset(normalized(name.strip()) for name in names if name.strip())

    def refresh(self) -> None:
        """Forget what was read, so that a plugin installed since (a notebook's `pip install`) is found."""
        self._groups, self._named = {}, {}

    def _record(self, kind: Kind, point: EntryPoint) -> PluginRecord:
        fields = distribution_fields(point)
        distribution = fields.get("Name", "an unnamed distribution")
        return PluginRecord(
            kind=kind,
            name=point.name,
            value=point.value,
            distribution=distribution,
            version=fields.get("Version", "of unknown version"),
            summary=fields.get("Summary", ""),
            disabled=not self.disabled_names().isdisjoint((normalized(point.name), normalized(distribution))),
        )


def distribution_fields(point: EntryPoint) -> Message:
    """The fields of the metadata of the distribution that declares an entry point; empty when it has none.

    Only the head is parsed: a description, which may be a whole README, is not.
    """
    from email.parser import HeaderParser

    distribution = point.dist
    text = distribution and (distribution.read_text("METADATA") or distribution.read_text("PKG-INFO"))
    return HeaderParser().parsestr(text or "")

"""The plugins of an environment: listed from metadata, loaded by name, called with the wrappers round them."""

from __future__ import annotations

import os
from functools import cache
from threading import RLock
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from modelpack.errors import PluginError
from modelpack.plugins import detection
from modelpack.plugins.discovery import DISABLE, GROUPS, Discovery, PluginRecord, installed_entry_points
from modelpack.plugins.naming import PREFIXES, listing, nearest, pip_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from importlib.metadata import EntryPoint

    import pluggy

    from modelpack.interfaces import Engine, Flavor, Target
    from modelpack.plugins.discovery import Kind

    Plugin: TypeAlias = Flavor[Any, Any] | Target[Any] | Engine[Any]

TRACE = "MODELPACK_TRACE_HOOKS"


class PluginManager:
    """What is installed, and what of it has been loaded.

    Listing and searching read metadata. A flavor, target or engine is imported when it is asked for by name, once;
    wrappers are imported with the first hook call. All methods may be called by several threads.
    """

    def __init__(
        self,
        *,
        entry_points: Callable[[str], Iterable[EntryPoint]] | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        """Know the running environment, or what the arguments say instead.

        Args:
            entry_points: Answers the entry points of a group; those of the installed distributions by default.
            environ: Where `MODELPACK_DISABLE_PLUGINS` and `MODELPACK_TRACE_HOOKS` are looked up.
        """
        self._environ = os.environ if environ is None else environ
        self._discovery = Discovery(entry_points or installed_entry_points, self._environ)
        self._lock = RLock()
        self._loaded: dict[tuple[Kind, str], tuple[PluginRecord, Plugin]] = {}
        self._wrappers: pluggy.PluginManager | None = None

    def records(self, kind: Kind | None = None) -> tuple[PluginRecord, ...]:
        """What is installed, disabled plugins too, by kind and name. Nothing is imported."""
        kinds = GROUPS if kind is None else (kind,)
        return tuple(record for each in kinds for record in self._discovery.records(each))

    def record(self, kind: Kind, name: str) -> PluginRecord:
        """The plugin of that kind and name. Nothing is imported.

        Raises:
            PluginError: It is not installed, disabled, or installed twice.
        """
        found = self._discovery.named(kind, name)
        if not found:
            self._discovery.refresh()
            found = self._discovery.named(kind, name)
        if not found:
            raise self._not_installed(kind, name)
        enabled = [record for record in found if not record.disabled]
        if not enabled:
            raise PluginError(f"{found[0]} is disabled", hint=f"{DISABLE} names it; take it out to use it")
        if len(enabled) > 1:
            raise PluginError(
                f"two distributions install a {kind} {name!r}: "
                + " and ".join(f"{record.distribution} {record.version}" for record in enabled),
                hint=f"uninstall one of them, or set {DISABLE}={enabled[1].distribution}",
            )
        return enabled[0]

    def has_flavor(self, name: str) -> bool:
        """Whether a flavor of that name is installed and not disabled. Nothing is imported."""
        return any(not record.disabled for record in self._discovery.named("flavor", name))

    def flavor(self, name: str) -> Flavor[Any, Any]:
        """The flavor of that name, imported and checked when it is first asked for.

        Raises:
            PluginError: It is not installed, disabled, installed twice, cannot be imported, or is not valid.
        """
        return cast("Flavor[Any, Any]", self._plugin("flavor", name))

    def target(self, name: str) -> Target[Any]:
        """The target of that name, imported and checked when it is first asked for.

        Raises:
            PluginError: As for `flavor`.
        """
        return cast("Target[Any]", self._plugin("target", name))

    def engine(self, name: str) -> Engine[Any]:
        """The batch engine of that name, imported and checked when it is first asked for.

        Raises:
            PluginError: As for `flavor`.
        """
        return cast("Engine[Any]", self._plugin("engine", name))

    def find_flavor(self, model: object) -> str:
        """The name of the flavor for a model object, from the modules of its classes. No flavor is imported.

        Raises:
            PluginError: No installed flavor claims it, or several do.
        """
        found = detection.find_flavor(model, self._discovery)
        if found is None:
            self._discovery.refresh()
            found = detection.find_flavor(model, self._discovery)
        if found is None:
            raise detection.unknown_model(model, self._discovery)
        return found

    def record_of(self, plugin: Plugin) -> PluginRecord:
        """What is known of a plugin object; by the naming rule when it was not loaded from an entry point."""
        from modelpack.plugins.options import kind_of

        kind = kind_of(plugin)
        record, loaded = self._loaded.get((kind, plugin.name), (None, None))
        if record is not None and loaded is plugin:
            return record
        value = f"{type(plugin).__module__}:{type(plugin).__qualname__}"
        return PluginRecord(kind, plugin.name, value, PREFIXES[kind] + plugin.name, "not installed", "", disabled=False)

    def call(self, plugin: Plugin, hook: str, **arguments: Any) -> Any:
        """Call a hook on one plugin alone, with every wrapper round it.

        Raises:
            PluginError: It answered None, or a wrapper is broken or dropped the answer.
            MissingDependencyError: A module that it needs is not installed.
            ModelFailureError: It raised anything else that is not a ModelpackError.
        """
        from modelpack.plugins.calls import call_hook, traced

        wrappers, record = self._loaded_wrappers(), self.record_of(plugin)
        if self._environ.get(TRACE, "").lower() in {"", "0", "false"}:
            return call_hook(wrappers, record, plugin, hook, arguments)
        with traced(record, hook):
            return call_hook(wrappers, record, plugin, hook, arguments)

    def _plugin(self, kind: Kind, name: str) -> Plugin:
        if (kind, name) not in self._loaded:
            with self._lock:
                if (kind, name) not in self._loaded:
                    record = self.record(kind, name)
                    self._loaded[kind, name] = (record, _loaded_plugin(record))
        return self._loaded[kind, name][1]

    def _not_installed(self, kind: Kind, name: str) -> PluginError:
        known = [record.name for record in self.records(kind) if not record.disabled]
        meant = nearest(name, known)
        line = pip_line(kind, name)
        hints = (f"did you mean {meant!r}?" if meant else None, f"to install it: {line}" if line else None)
        return PluginError(
            f"the {kind} {name!r} is not installed; installed {kind}s: {listing(known)}",
            hint=" ".join(filter(None, hints)) or None,
        )

    def _loaded_wrappers(self) -> pluggy.PluginManager:
        if self._wrappers is None:
            from modelpack.plugins.wrappers import registered_wrappers

            with self._lock:
                if self._wrappers is None:
                    records = self.records("wrapper")
                    self._wrappers = registered_wrappers(record for record in records if not record.disabled)
        return self._wrappers


def _loaded_plugin(record: PluginRecord) -> Plugin:
    from modelpack.plugins.loading import load_object
    from modelpack.plugins.validation import checked_plugin

    return checked_plugin(record, load_object(record))


@cache
def default_manager() -> PluginManager:
    """The manager of the running environment, used wherever a caller passes none."""
    return PluginManager()

"""Plugins that stand round every hook call: audit, scanning, tracking, timing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

from modelpack import hookspecs
from modelpack.errors import PluginError
from modelpack.plugins.discovery import DISABLE
from modelpack.plugins.loading import load_object
from modelpack.plugins.validation import (
    argument_problems,
    declared_hooks,
    reject,
    reject_class,
    unknown_hook_problems,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from modelpack.plugins.discovery import PluginRecord


def registered_wrappers(records: Iterable[PluginRecord]) -> pluggy.PluginManager:
    """Load wrappers and register them, the first by name outermost.

    A flavor or target is never registered: it takes part in its own calls alone.

    Raises:
        PluginError: One of them is broken. Going on without it would leave out an audit or a scan unnoticed.
    """
    registry = pluggy.PluginManager(hookspecs.PROJECT)
    registry.add_hookspecs(hookspecs)
    for record in sorted(records, key=lambda record: (record.name, record.distribution), reverse=True):
        try:
            registry.register(load_wrapper(record), name=str(record))
        except PluginError as error:
            raise _fatal(error.message, record) from error
        except (pluggy.PluginValidationError, ValueError) as error:
            raise _fatal(f"{record} is not valid: {error}", record) from error
    return registry


def load_wrapper(record: PluginRecord) -> object:
    """Import one wrapper and check it.

    Raises:
        PluginError: It cannot be imported, or is not a plugin that only wraps.
    """
    wrapper = load_object(record)
    reject_class(record, wrapper)
    reject(record, _problems(wrapper))
    return wrapper


def _problems(wrapper: object) -> Iterator[str]:
    declared = dict(declared_hooks(wrapper))
    if not declared:
        yield "it has no hooks: nothing in it carries @hookimpl(wrapper=True)"
    yield from unknown_hook_problems(wrapper)
    for name, options in declared.items():
        if not (options.get("wrapper") or options.get("hookwrapper")):
            yield f"{name} is no wrapper: only @hookimpl(wrapper=True) may stand round every plugin's call"
        hook = options.get("specname") or name
        if hasattr(hookspecs, hook):
            yield from argument_problems(hook, getattr(wrapper, name))


def _fatal(message: str, record: PluginRecord) -> PluginError:
    return PluginError(
        message,
        hint=f"nothing runs without it; put it right, uninstall {record.distribution}, or set {DISABLE}={record.name}",
    )

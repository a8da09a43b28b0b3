"""Importing what stands behind an entry point, with errors that name the distribution."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelpack.errors import PluginError
from modelpack.plugins.discovery import GROUPS

if TYPE_CHECKING:
    from modelpack.plugins.discovery import PluginRecord


def load_object(record: PluginRecord) -> object:
    """Import a plugin.

    Raises:
        PluginError: Its import failed. Other plugins are not affected, and a later call tries again.
    """
    from importlib.metadata import EntryPoint

    try:
        return EntryPoint(record.name, record.value, GROUPS[record.kind]).load()
    except Exception as error:
        raise PluginError(
            f"{record} could not be imported from {record.value!r}: {type(error).__name__}: {error}",
            hint=f"`pip install --upgrade {record.distribution}` brings what it needs; "
            "if that does not help, report this to its authors",
        ) from error

"""The commands that plugins add to `modelpack`: known from metadata, imported when they are run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from typer.core import TyperGroup

if TYPE_CHECKING:
    from modelpack.plugins.discovery import PluginRecord

_Context: TypeAlias = Any  # a class of click, or of typer's own copy of it, by the version of typer

OF_MLFLOW = ("azureml", "sagemaker")
"""Commands of MLflow 0.9 (S124-S149), which people type before they have installed the target."""


class CommandsWithPlugins(TyperGroup):
    """The built-in commands, and after them those of the entry-point group `modelpack.commands`."""

    def list_commands(self, ctx: _Context) -> list[str]:
        """The names for the help and for completion. No plugin is imported."""
        from modelpack.plugins.manager import default_manager

        built_in = super().list_commands(ctx)
        added = {record.name for record in default_manager().records("command") if not record.disabled}
        return [*built_in, *sorted(added.difference(built_in))]

    def get_command(self, ctx: _Context, cmd_name: str) -> Any:
        """The command of that name; a plugin's is imported when it is run, or asked for its help.

        Raises:
            PluginError: It is disabled, installed twice, or one that has to be installed.
        """
        return super().get_command(ctx, cmd_name) or _plugin_command(cmd_name)


class _Deferred(TyperGroup):
    """A plugin's commands, of which no more is known yet than what its metadata says."""

    def __init__(self, record: PluginRecord) -> None:
        super().__init__(name=record.name, help=f"Commands of {record.distribution}.", rich_markup_mode=None)
        self._record = record

    def make_context(self, info_name: str | None, args: list[str], parent: _Context = None, **extra: Any) -> _Context:
        """Begin to run the plugin's commands in place of these."""
        return loaded_commands(self._record).make_context(info_name, args, parent, **extra)


def _plugin_command(name: str) -> _Deferred | None:
    from modelpack.plugins.manager import default_manager

    manager = default_manager()
    if name in OF_MLFLOW or any(record.name == name for record in manager.records("command")):
        return _Deferred(manager.record("command", name))
    return None


def loaded_commands(record: PluginRecord) -> Any:
    """Import a plugin's commands.

    Returns:
        The group of them.

    Raises:
        PluginError: Their import failed, or they are none.
    """
    import typer

    from modelpack.errors import PluginError
    from modelpack.plugins.loading import load_object

    commands = load_object(record)
    if not isinstance(commands, typer.Typer):
        raise PluginError(
            f"{record} is a {type(commands).__qualname__}, not a typer.Typer",
            hint="an entry point of modelpack.commands refers to an instance of typer.Typer",
        )
    return typer.main.get_group(commands)

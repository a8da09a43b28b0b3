"""`modelpack plugins`: what is installed, what one plugin offers, and how to start another."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modelpack.cli import new_plugin
from modelpack.cli.options import JsonOption

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import BaseModel
    from pydantic.fields import FieldInfo

    from modelpack.errors import PluginError
    from modelpack.plugins.discovery import PluginRecord
    from modelpack.plugins.manager import PluginManager

app = typer.Typer(help="Show the installed plugins, or start your own.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(new_plugin.app, name="new")


@app.command("list")
def list_plugins(*, as_json: JsonOption = False) -> None:
    """List the installed flavors, targets, engines, commands and wrappers. None of them is imported."""
    from modelpack.cli.output import print_json, print_table
    from modelpack.plugins.manager import default_manager

    records = default_manager().records()
    if as_json:
        print_json([asdict(record) for record in records])
        return
    print_table(("NAME", "KIND", "DISTRIBUTION", "VERSION", "SUMMARY"), (_row(record) for record in records))


@app.command("info")
def plugin_info(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A name that `modelpack plugins list` shows.")],
    *,
    as_json: JsonOption = False,
) -> None:
    """Import and check the plugins of that name, and show what they offer. The exit code is 1 when one is broken."""
    from modelpack.cli.output import print_json, print_table
    from modelpack.plugins.manager import default_manager

    manager = default_manager()
    described = [_described(manager, record) for record in _records(manager, name)]
    if as_json:
        print_json([description | _error_fields(error) for description, error in described])
    else:
        for description, _ in described:
            print_table(("FACT", "VALUE"), _lines(description))
    for _, error in described:
        if error is not None and as_json:
            raise typer.Exit(1)
        if error is not None:
            raise error


def _row(record: PluginRecord) -> tuple[str, ...]:
    kind = f"{record.kind} (disabled)" if record.disabled else record.kind
    return record.name, kind, record.distribution, record.version, record.summary


def _records(manager: PluginManager, name: str) -> list[PluginRecord]:
    records = [record for record in manager.records() if record.name == name]
    if not records:
        raise _unknown(name, [record.name for record in manager.records()])
    return records


def _unknown(name: str, known: list[str]) -> PluginError:
    from modelpack.errors import PluginError
    from modelpack.plugins.naming import listing, nearest

    meant = nearest(name, known)
    return PluginError(
        f"no plugin {name!r} is installed; installed: {listing(known)}",
        hint=f"did you mean {meant!r}?" if meant else None,
    )


def _described(manager: PluginManager, record: PluginRecord) -> tuple[dict[str, Any], PluginError | None]:
    from modelpack.errors import PluginError

    if record.disabled:
        return asdict(record), None
    try:
        return asdict(record) | _facts(manager, record), None
    except PluginError as error:
        return asdict(record), error


def _error_fields(error: PluginError | None) -> dict[str, str | None]:
    return {"error": error.message if error else None, "hint": error.hint if error else None}


def _facts(manager: PluginManager, record: PluginRecord) -> dict[str, Any]:
    if record.kind == "wrapper":
        from modelpack.plugins.validation import declared_hooks
        from modelpack.plugins.wrappers import load_wrapper

        return {"wraps": [name for name, _ in declared_hooks(load_wrapper(record))]}
    if record.kind == "command":
        from modelpack.cli.plugin_commands import loaded_commands

        return {"commands": sorted(loaded_commands(record).commands)}
    if record.kind in {"target", "engine"}:
        plugin = manager.target(record.name) if record.kind == "target" else manager.engine(record.name)
        return {"options": _fields(plugin.options_type)}
    flavor = manager.flavor(record.name)
    return {
        "loader_modules": list(flavor.loader_modules),
        "options": _fields(flavor.options_type),
        "load_options": _fields(flavor.load_options_type),
        "conf": _fields(flavor.conf_type),
    }


def _fields(model: type[BaseModel]) -> dict[str, str]:
    return {name: _field(field) for name, field in model.model_fields.items()}


def _field(field: FieldInfo) -> str:
    kind = field.annotation
    shown = kind.__name__ if type(kind) is type else str(kind).replace("typing.", "")
    return f"{shown}, required" if field.is_required() else f"{shown} = {field.get_default()!r}"


def _lines(description: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for fact, value in description.items():
        if isinstance(value, dict):
            yield from ((fact, f"{name}: {text}") for name, text in value.items())
        elif value not in (None, "", []):
            yield fact, ", ".join(value) if isinstance(value, list) else str(value)

"""The options that every command about targets has."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

TargetOption = Annotated[str, typer.Option("--target", metavar="TARGET", help="Where: a target's name, such as local.")]
OptionOption = Annotated[
    list[str] | None,
    typer.Option(
        "--option",
        "-o",
        metavar="NAME=VALUE",
        help="An option of the target; NAME=@FILE takes the value from a file. Repeatable.",
    ),
]
OptionsFileOption = Annotated[
    Path | None,
    typer.Option("--options-file", metavar="FILE", help="A YAML or JSON file with options of the target."),
]
TimeoutOption = Annotated[float, typer.Option("--timeout", help="Seconds to wait until the change has settled.")]
NoWaitOption = Annotated[
    bool,
    typer.Option(
        "--no-wait/--wait",
        "--async",
        help="Return as soon as the target has accepted the change; nobody cleans up then.",
    ),
]


def chosen_options(target: str, texts: list[str] | None, file: Path | None) -> dict[str, Any]:
    """What was given of a target's options.

    Raises:
        UsageError: As for `modelpack.cli.plugin_options.read_options`.
        PluginError: The target is not installed or broken.
    """
    from modelpack.cli.plugin_options import read_options
    from modelpack.plugins.manager import default_manager

    return read_options(default_manager().target(target).options_type, texts, file)

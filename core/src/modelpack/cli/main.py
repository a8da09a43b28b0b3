"""The `modelpack` command: its commands and its error boundary."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from modelpack import __version__
from modelpack.cli import aliases, build, deploy, deployments, inspect, plugins, predict, serve, trust, verify
from modelpack.cli.boundary import error_boundary
from modelpack.cli.plugin_commands import CommandsWithPlugins

app = typer.Typer(
    name="modelpack",
    cls=CommandsWithPlugins,
    help="Package any machine-learning model in MLflow's format; inspect, score and serve it.",
    no_args_is_help=True,
    rich_markup_mode=None,  # plain help takes half the time of rich help
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it with the value
    if wanted:
        sys.stdout.write(f"modelpack {__version__}\n")
        raise typer.Exit


DebugOption = Annotated[bool, typer.Option("--debug", help="Show the tracebacks of expected errors too.")]
VersionOption = Annotated[
    bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
]


@app.callback()
def _modelpack(*, debug: DebugOption = False, version: VersionOption = False) -> None:
    """`debug` is read in `main`, before the commands run; the callback of `version` prints it."""


app.command("build")(build.build)
app.command("deploy")(deploy.deploy)
app.add_typer(deployments.app, name="deployments")
app.command("inspect")(inspect.inspect_model)
app.command("predict")(predict.predict)
app.command("run-local")(deploy.run_local)
app.command("serve")(serve.serve)
app.command("trust")(trust.trust)
app.command("verify")(verify.verify)
app.add_typer(plugins.app, name="plugins")
app.add_typer(aliases.pyfunc, name="pyfunc")
app.add_typer(aliases.sklearn, name="sklearn")


def main() -> None:
    """Run the command line: exit code 0 when it succeeded, 1 when it failed, 2 when the command line is wrong."""
    with error_boundary(debug="--debug" in sys.argv[1:]):
        app()

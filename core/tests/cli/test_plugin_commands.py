"""Commands that plugins add to `modelpack`, started as a process of its own with plugins that are really installed."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from site_packages import SitePackages

MODULE = """
import sys
import typer
from modelpack.errors import DeployError

commands = typer.Typer(no_args_is_help=True)

@commands.command("launch")
def launch(name: str, shout: bool = False) -> None:
    "Send something up."
    if name == "brick":
        raise DeployError("a brick does not fly", code="rejected", hint="launch something else")
    print(name.upper() if shout else name)

@commands.command("land")
def land() -> None:
    "Get it down."

print("imported", file=sys.stderr)
"""


def install(site: SitePackages, name: str = "space", text: str = MODULE) -> None:
    """Install a distribution with the command `name`."""
    points = {"modelpack.commands": {name: f"{name}_commands:commands"}}
    site.install(f"modelpack-deploy-{name}", points, files={f"{name}_commands.py": text})


def run(site: SitePackages, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run `modelpack` in an environment where the site's distributions are installed."""
    return subprocess.run(
        [sys.executable, "-m", "modelpack", *arguments],
        env={"PYTHONPATH": str(site.directory), "PATH": os.environ["PATH"], **environ},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_command_of_a_plugin_runs(site: SitePackages) -> None:
    """With its own arguments, as if it were built in."""
    install(site)
    done = run(site, "space", "launch", "--shout", "satellite")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "SATELLITE\n"


def test_an_error_of_a_plugin_command_is_two_lines(site: SitePackages) -> None:
    """And has the exit code of a failure."""
    install(site)
    done = run(site, "space", "launch", "brick")
    assert done.returncode == 1
    assert done.stderr.splitlines()[1:] == ["error: a brick does not fly", "hint: launch something else"]


def test_a_wrong_plugin_command_line_is_exit_code_2(site: SitePackages) -> None:
    """The usage shows the whole command."""
    install(site)
    done = run(site, "space", "launch")
    assert done.returncode == 2
    assert "modelpack space launch [OPTIONS]" in done.stderr


def test_the_help_names_plugin_commands_without_importing_them(site: SitePackages) -> None:
    """A broken or slow plugin does not spoil the help of the others."""
    install(site)
    done = run(site, "--help")
    assert done.returncode == 0
    assert "space        Commands of modelpack-deploy-space." in done.stdout
    assert "imported" not in done.stderr


def test_the_help_of_a_plugin_command_is_its_own(site: SitePackages) -> None:
    """Its commands with what they say of themselves."""
    install(site)
    done = run(site, "space", "--help")
    assert "Send something up." in done.stdout


def test_a_built_in_command_cannot_be_taken(site: SitePackages) -> None:
    """A plugin that names its command `verify` is not asked."""
    install(site, "verify")
    done = run(site, "verify", "--help")
    assert "manifest" in done.stdout
    assert "imported" not in done.stderr


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "import no_such_module",
            ["could not be imported", "no_such_module", "modelpack-deploy-space 1.0"],
        ),
        ("commands = 3", ["is a int, not a typer.Typer"]),
    ],
)
def test_a_broken_plugin_command_is_named(text: str, words: list[str], site: SitePackages) -> None:
    """With its distribution, in two lines."""
    install(site, text=text)
    done = run(site, "space", "launch")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert all(word in done.stderr for word in words), done.stderr


def test_two_distributions_with_one_command_are_named(site: SitePackages) -> None:
    """Neither wins."""
    install(site)
    site.install("another", {"modelpack.commands": {"space": "space_commands:commands"}})
    done = run(site, "space", "launch", "satellite")
    assert done.returncode == 1
    assert "another 1.0 and modelpack-deploy-space 1.0" in done.stderr


def test_a_disabled_plugin_command_is_away(site: SitePackages) -> None:
    """The help does not show it, and whoever runs it is told why."""
    install(site)
    disabled = {"MODELPACK_DISABLE_PLUGINS": "modelpack-deploy-space"}
    assert "space" not in run(site, "--help", **disabled).stdout
    done = run(site, "space", "launch", "satellite", **disabled)
    assert done.returncode == 1
    assert "is disabled" in done.stderr


@pytest.mark.parametrize("command", ["sagemaker", "azureml"])
def test_a_command_of_mlflow_says_what_to_install(command: str, site: SitePackages) -> None:
    """Who comes from MLflow types it before they know of plugins."""
    done = run(site, command, "deploy")
    assert done.returncode == 1
    assert f"pip install modelpack-deploy-{command}" in done.stderr


def test_the_facts_of_a_plugin_command_are_its_commands(site: SitePackages) -> None:
    """`modelpack plugins info` imports it and lists them."""
    install(site)
    done = run(site, "plugins", "info", "space")
    assert done.returncode == 0, done.stderr
    assert "commands\tland, launch" in done.stdout.splitlines()

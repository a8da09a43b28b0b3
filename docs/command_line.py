"""Write `command-line.md` from the commands' own help."""

from __future__ import annotations

import sys
from pathlib import Path

import typer.main
from typer.testing import CliRunner

from modelpack.cli.main import app
from modelpack.plugins.manager import default_manager

HEADING = """# The command line

Written from the commands' own help by `python docs/command_line.py`; a test compares.

Exit codes: 0 success, 1 failure, 2 a wrong command line. Errors are two lines on standard error; `--debug` before the
command shows tracebacks. `--install-completion` sets up completion for bash, zsh, fish or PowerShell.
"""


def main() -> None:
    """Write the document, or print it with `--print`."""
    text = HEADING + "".join(f"\n## `{' '.join(words)}`\n\n```\n{help_of(words[1:])}\n```\n" for words in commands())
    if "--print" in sys.argv:
        sys.stdout.write(text)
    else:
        Path(__file__).with_name("command-line.md").write_text(text)


def commands() -> list[list[str]]:
    """Every command, as the words that call it."""
    found = [["modelpack"]]
    groups = [(["modelpack"], typer.main.get_command(app))]
    while groups:
        words, group = groups.pop(0)
        for name, command in getattr(group, "commands", {}).items():
            found.append([*words, name])
            groups.append(([*words, name], command))
    return found


def help_of(words: list[str]) -> str:
    """The help text, at a fixed width, without what plugins add."""
    added = ",".join(record.name for record in default_manager().records("command"))
    width = {"COLUMNS": "100", "TERMINAL_WIDTH": "100"}
    runner = CliRunner(env={**width, "MODELPACK_DISABLE_PLUGINS": added})
    result = runner.invoke(app, [*words, "--help"], prog_name="modelpack")
    return result.output.strip()


if __name__ == "__main__":
    main()

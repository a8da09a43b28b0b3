"""`modelpack trust` and `modelpack verify`, started as processes of their own."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from modelpack.package.load import open_model
from modelpack.package.save import save_model
from modelpack.package.trust import default_store

if TYPE_CHECKING:
    from pathlib import Path

    from site_packages import SitePackages
    from toylib import ToyModel

PROGRAM = """
import typer
from modelpack.cli.boundary import error_boundary
from modelpack.cli.trust import trust
from modelpack.cli.verify import verify
app = typer.Typer(pretty_exceptions_enable=False)
app.command()(trust)
app.command()(verify)
with error_boundary(debug=False):
    app()
"""


@dataclass
class Terminal:
    """Where commands are run, beside the model of a stranger."""

    site: SitePackages
    model: Path

    @property
    def environ(self) -> dict[str, str]:
        """The environment of the commands."""
        return {**os.environ, "PYTHONPATH": str(self.site.directory), "NO_COLOR": "1"}

    def run(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        """Run a command with nobody at the keyboard."""
        command = [sys.executable, "-c", PROGRAM, *map(str, arguments)]
        return subprocess.run(
            command, env=self.environ, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
        )

    def type(self, answer: str, *arguments: object) -> tuple[int, str]:
        """Run a command at a terminal and answer its question."""
        keyboard, terminal = pty.openpty()
        command = [sys.executable, "-c", PROGRAM, *map(str, arguments)]
        process = subprocess.Popen(command, env=self.environ, stdin=terminal, stderr=subprocess.PIPE, text=True)
        os.close(terminal)
        os.write(keyboard, answer.encode())
        _, errors = process.communicate(timeout=60)
        os.close(keyboard)
        return process.returncode, errors


@pytest.fixture
def terminal(site: SitePackages, tmp_path: Path, toy_model: ToyModel) -> Terminal:
    """With a flavor whose models run code, and such a model that the user does not trust yet."""
    site.install_toy()
    site.install_flavor("risky", "def executes_code(self, conf):\n    return f'{conf.data} is a pickle'")
    info = save_model(toy_model, tmp_path / "model", flavor="risky", plugins=site.plugins())
    default_store().discard(info.digest)
    return Terminal(site, info.path)


def _is_trusted(model: Path) -> bool:
    return open_model(model).digest in default_store()


def test_what_would_run_is_shown_before_it_is_allowed(terminal: Terminal) -> None:
    """The reasons of each view, and the digest; then yes."""
    done = terminal.run("trust", terminal.model, "--yes")
    assert done.returncode == 0, done.stderr
    assert "python_function, risky: model.json is a pickle" in done.stderr
    assert open_model(terminal.model).digest in done.stderr
    assert _is_trusted(terminal.model)
    assert "trusted already" in terminal.run("trust", "-m", terminal.model).stderr


@pytest.mark.parametrize(
    ("answer", "trusted"), [("y\n", True), ("n\n", False), ("\n", False)], ids=["yes", "no", "nothing"]
)
def test_the_user_is_asked(terminal: Terminal, answer: str, *, trusted: bool) -> None:
    """The answer decides, and no answer means no."""
    code, errors = terminal.type(answer, "trust", terminal.model)
    assert "model.json is a pickle" in errors
    assert (code == 0) is trusted
    assert _is_trusted(terminal.model) is trusted


def test_nobody_at_the_keyboard_is_no_consent(terminal: Terminal) -> None:
    """In a script `--yes` has to say it."""
    done = terminal.run("trust", terminal.model)
    assert done.returncode == 2
    assert "--yes" in done.stderr
    assert not _is_trusted(terminal.model)


def test_what_is_trusted_is_listed(terminal: Terminal) -> None:
    """For people and for machines."""
    assert "no model is trusted yet" in terminal.run("trust", "--list").stderr
    terminal.run("trust", terminal.model, "--yes")
    digest = open_model(terminal.model).digest
    assert digest in terminal.run("trust", "--list").stdout
    (entry,) = json.loads(terminal.run("trust", "--list", "--json").stdout)
    assert (entry["digest"], entry["path"]) == (digest, str(terminal.model))


@pytest.mark.parametrize("by", ["path", "digest", "path of what it was"])
def test_trust_is_taken_back(terminal: Terminal, by: str) -> None:
    """By the model, its digest, or its place when it has been changed since; a second time is an error."""
    terminal.run("trust", terminal.model, "--yes")
    digest = open_model(terminal.model).digest
    if by == "path of what it was":
        (terminal.model / "model.json").write_text("changed")
    asked = digest if by == "digest" else terminal.model
    assert terminal.run("trust", "--remove", asked).returncode == 0
    assert digest not in default_store()
    assert terminal.run("trust", "--remove", asked).returncode == 1


def test_a_model_that_runs_no_code_needs_no_trust(terminal: Terminal, tmp_path: Path, toy_model: Any) -> None:
    """The command says so and adds nothing."""
    info = save_model(toy_model, tmp_path / "safe", plugins=terminal.site.plugins())
    default_store().discard(info.digest)
    done = terminal.run("trust", info.path, "--yes")
    assert (done.returncode, "needs no trust" in done.stderr) == (0, True)
    assert default_store().entries() == []


def test_a_flavor_that_is_not_installed_is_mentioned(terminal: Terminal) -> None:
    """It cannot tell what it would run."""
    (terminal.site.directory / "modelpack_flavor_risky-1.0.dist-info" / "entry_points.txt").write_text("")
    done = terminal.run("trust", terminal.model, "--yes")
    assert "unknown: the flavor 'risky' is not installed" in done.stderr


def test_a_model_is_verified(terminal: Terminal) -> None:
    """Exit code 0 and the digest, for people and for machines; it needs no trust, since nothing of it runs."""
    done = terminal.run("verify", terminal.model)
    digest = open_model(terminal.model).digest
    assert (done.returncode, done.stdout) == (0, f"{digest}  {terminal.model}: 5 files, as saved\n")
    facts = json.loads(terminal.run("verify", terminal.model, "--json").stdout)
    assert facts == {"path": str(terminal.model), "digest": digest, "files": 5, "has_manifest": True}


def test_a_changed_model_is_not_as_saved(terminal: Terminal) -> None:
    """Exit code 1 and the file's name, in two lines."""
    (terminal.model / "model.json").write_text("changed")
    done = terminal.run("verify", terminal.model)
    assert done.returncode == 1
    assert done.stderr.splitlines()[0].startswith("error: ")
    assert "changed model.json" in done.stderr.splitlines()[0]
    assert len(done.stderr.splitlines()) == 2


def test_a_model_without_a_manifest_has_a_digest(terminal: Terminal) -> None:
    """There is nothing to compare it with, and the command says so."""
    (terminal.model / "MANIFEST.sha256").unlink()
    assert terminal.run("verify", terminal.model).stdout.endswith("5 files, no manifest to compare with\n")

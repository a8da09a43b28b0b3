"""`modelpack deploy`, `deployments` and `run-local`, started as processes of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from depot_target import DepotOptions
from site_packages import TOYBOX

from modelpack.cli.plugin_options import read_options
from modelpack.package.save import save_model

if TYPE_CHECKING:
    from pathlib import Path

    from site_packages import SitePackages
    from toylib import ToyModel

    from modelpack.package.info import ModelInfo


@dataclass
class Terminal:
    """Where commands are run, beside a model and a target."""

    site: SitePackages
    model: ModelInfo
    directory: Path

    def run(self, *arguments: object, code: int = 0) -> subprocess.CompletedProcess[str]:
        """Run `modelpack` and expect an exit code."""
        done = subprocess.run(
            [sys.executable, "-m", "modelpack", *map(str, arguments)],
            env={**os.environ, "PYTHONPATH": str(self.site.directory), "NO_COLOR": "1"},
            cwd=self.directory.parent,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stderr
        return done

    def deploy(self, *arguments: object, code: int = 0) -> subprocess.CompletedProcess[str]:
        """Deploy the model to the depot as `wine`."""
        words = ("-m", self.model.path, "--target", "depot", "--name", "wine", "-o", f"directory={self.directory}")
        return self.run("deploy", *words, *arguments, code=code)

    def deployments(self, verb: str, *arguments: object, code: int = 0) -> subprocess.CompletedProcess[str]:
        """Do something with what is deployed to the depot."""
        where = ("--target", "depot", "-o", f"directory={self.directory}")
        return self.run("deployments", verb, *arguments, *where, code=code)


@pytest.fixture
def terminal(site: SitePackages, toy_model: ToyModel, tmp_path: Path) -> Terminal:
    """An empty depot."""
    site.install_toy()
    files = {"depot_target.py": (TOYBOX / "depot_target.py").read_text(encoding="utf-8")}
    site.install("modelpack-deploy-depot", {"modelpack.targets": {"depot": "depot_target:target"}}, files=files)
    return Terminal(site, save_model(toy_model, tmp_path / "model", plugins=site.plugins()), tmp_path / "depot")


def test_a_model_is_deployed_looked_at_and_deleted(terminal: Terminal) -> None:
    """The verbs, one after another."""
    done = terminal.deploy("-o", 'course=["pending"]')
    assert "wrote record/wine\n" in done.stderr
    assert "wine is ready at http://depot\n" in done.stderr
    assert json.loads(terminal.deploy("--json").stdout)["digest"] == terminal.model.digest
    (row,) = terminal.deployments("list").stdout.splitlines()[1:]
    assert row.split("\t") == ["wine", "ready", "http://depot", terminal.model.digest]
    facts = dict(line.split("\t") for line in terminal.deployments("get", "wine").stdout.splitlines())
    assert (facts["state"], facts["size"], facts["variant only"]) == ("ready", "1", "100 % ")
    assert terminal.deployments("logs", "wine", "--lines", "1").stdout == "wine 0 of 1\n"
    assert "wine is not deployed to depot any more" in terminal.deployments("delete", "wine").stderr
    assert json.loads(terminal.deployments("get", "wine", "--json").stdout)["state"] == "absent"
    assert "has deployed nothing to depot yet" in terminal.deployments("list").stderr


def test_a_file_is_sent(terminal: Terminal, tmp_path: Path) -> None:
    """Its suffix says what it is, and the answer is printed as it came."""
    terminal.deploy()
    (tmp_path / "rows.csv").write_text("x,y\n1,2\n", encoding="utf-8")
    assert terminal.deployments("invoke", "wine", "-i", tmp_path / "rows.csv").stdout == "X,Y\n1,2\n"
    done = terminal.deployments("invoke", "wine", code=2)
    assert "standard input has no suffix" in done.stderr


def test_traffic_is_divided(terminal: Terminal) -> None:
    """A share a word."""
    done = terminal.deployments("set-traffic", "wine", "blue=75", "green=25", "--json")
    assert [each["traffic"] for each in json.loads(done.stdout)["variants"]] == [75, 25]
    assert "no share of the traffic" in terminal.deployments("set-traffic", "wine", "blue", code=2).stderr


def test_a_dry_run_shows_what_would_change(terminal: Terminal) -> None:
    """As a difference to what stands, and changes nothing."""
    create = terminal.deploy("--dry-run").stdout.splitlines()
    assert create[0] == "+ create record/wine"
    assert not terminal.directory.exists()
    terminal.deploy()
    update = terminal.deploy("--dry-run", "-o", "size=3").stdout.splitlines()
    assert update[:2] == ["~ update record/wine", "    size: 1 → 3"]
    assert update[-1] == "needs the permission depot:Write"
    assert terminal.deploy("--dry-run").stdout == "nothing to do: what stands is what was asked for\n"


def test_the_options_of_a_target_are_shown(terminal: Terminal) -> None:
    """With their types and defaults, those of nested options too."""
    lines = terminal.run("deploy", "--target", "depot", "--help-options").stdout.splitlines()
    rows = [line.split("\t") for line in lines]
    assert ["directory", "path", "required", "Where the records lie."] in rows
    assert ["size", "integer", "1", "How many machines."] in rows
    assert ["token", "secret", "", "What opens the door."] in rows
    assert ["machine.memory", "text", "1g", "How much memory."] in rows
    assert ["machine.labels", "JSON mapping", "", "Whatever."] in rows
    assert ["outcome", "ready|failed|rolled_back", "ready", "What becomes of it."] in rows


def test_text_becomes_what_an_option_takes(tmp_path: Path) -> None:
    """Numbers, JSON, text that looks like JSON, nested fields, files."""
    (tmp_path / "motto.txt").write_text("{let it be}\n", encoding="utf-8")
    (tmp_path / "options.yaml").write_text("size: 2\nmachine: {memory: 4g}\n", encoding="utf-8")
    texts = [f"motto=@{tmp_path}/motto.txt", 'machine.labels={"a": 1}', 'course=["pending"]', "directory=/d"]
    options = read_options(DepotOptions, texts, tmp_path / "options.yaml")
    assert options == {
        "size": 2,
        "machine": {"memory": "4g", "labels": {"a": 1}},
        "motto": "{let it be}",
        "course": ["pending"],
        "directory": "/d",
    }


@pytest.mark.parametrize(
    ("words", "message", "code"),
    [
        (["-o", "size"], "'size' is not of the form NAME=VALUE", 2),
        (["-o", "size=1", "-o", "size=2"], "the option 'size' is given twice", 2),
        (["-o", "size=many"], "the option 'size' is 'many'", 1),
        (["-o", "sise=1"], "did you mean 'size'", 1),
        (["--options-file", "absent.yaml"], "absent.yaml cannot be read", 2),
        (["-o", "outcome=failed"], "error: deploying wine to depot failed: the paper tore", 1),
        (["--export", "-"], "the target 'depot' has no documents to export", 1),
    ],
)
def test_errors_are_told_in_a_line(terminal: Terminal, words: list[str], message: str, code: int) -> None:
    """With the exit code of a command line that is wrong, or of a command that failed."""
    done = terminal.deploy(*words, code=code)
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_secret_is_not_shown(terminal: Terminal) -> None:
    """Neither in a plan nor in an error."""
    for words, code in ((["--dry-run"], 0), (["-o", "size=0"], 1), (["--json"], 0)):
        done = terminal.deploy("-o", "token=hunter2", *words, code=code)
        assert "hunter2" not in done.stdout + done.stderr


def test_a_deployment_needs_a_name(terminal: Terminal) -> None:
    """The error says which option gives it one."""
    done = terminal.run("deploy", terminal.model.path, "--target", "depot", code=2)
    assert "give it one with --name" in done.stderr


def test_a_model_is_served_here(terminal: Terminal) -> None:
    """With the server's exit code."""
    where = ("--target", "depot", "-o", f"directory={terminal.directory}")
    done = terminal.run("run-local", terminal.model.path, *where, "--port", 7, code=3)
    assert f"serving {terminal.model.digest} at 127.0.0.1:7" in done.stderr

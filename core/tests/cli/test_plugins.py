"""`modelpack plugins`, started as a process of its own with plugins that are really installed."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from site_packages import SitePackages

PROGRAM = (
    "import sys\nfrom modelpack.cli.boundary import error_boundary\nfrom modelpack.cli.plugins import app\n"
    "with error_boundary(debug=False):\n    app()\n"
)


def run(site: SitePackages, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run `modelpack plugins` in an environment where the site's distributions are installed."""
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        env={"PYTHONPATH": str(site.directory), "PATH": os.environ["PATH"], **environ},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_list_shows_what_is_installed(site: SitePackages) -> None:
    """One line for each plugin, with tabs between the columns when it goes into a pipe."""
    site.install_toy()
    done = run(site, "list")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0].split("\t") == ["NAME", "KIND", "DISTRIBUTION", "VERSION", "SUMMARY"]
    assert "toy\tflavor\tmodelpack-flavor-toy\t1.2.3\tA flavor made for tests" in done.stdout.splitlines()


def test_the_list_is_given_as_json(site: SitePackages) -> None:
    """Machines get the same facts."""
    site.install_toy()
    done = run(site, "list", "--json", MODELPACK_DISABLE_PLUGINS="toy")
    (toy,) = [plugin for plugin in json.loads(done.stdout) if plugin["name"] == "toy"]
    assert toy == {
        "kind": "flavor",
        "name": "toy",
        "value": "toy_flavor:flavor",
        "distribution": "modelpack-flavor-toy",
        "version": "1.2.3",
        "summary": "A flavor made for tests",
        "disabled": True,
    }


def test_a_disabled_plugin_is_marked_in_the_list(site: SitePackages) -> None:
    """It is seen that it is there and off."""
    site.install_toy()
    done = run(site, "list", MODELPACK_DISABLE_PLUGINS="modelpack-flavor-toy")
    assert "toy\tflavor (disabled)\t" in done.stdout


def test_the_list_imports_no_plugin_and_nothing_heavy(site: SitePackages) -> None:
    """A plugin that cannot be imported is listed, and no library is loaded to list it."""
    site.install("other", {"modelpack.flavors": {"bad": "bad_module:f"}}, files={"bad_module.py": "raise OSError"})
    report = PROGRAM.replace("    app()", "    try:\n        app()\n    finally:\n        print(*sys.modules)")
    done = subprocess.run(
        [sys.executable, "-c", report, "list"],
        env={"PYTHONPATH": str(site.directory)},
        capture_output=True,
        text=True,
        check=True,
    )
    *table, modules = done.stdout.splitlines()
    assert any(line.startswith("bad\tflavor\tother\t1.0") for line in table)
    heavy = {"numpy", "pandas", "pluggy", "rich", "starlette", "uvicorn", "yaml", "bad_module"}
    assert not heavy.intersection(modules.split())


def test_a_terminal_gets_a_table(site: SitePackages) -> None:
    """Columns are aligned, and brackets in a text are no markup."""
    site.install("other", {"modelpack.flavors": {"a": "m:f"}}, summary="Saves [bold]everything[/bold]")
    ours, theirs = pty.openpty()
    environ = {"PYTHONPATH": str(site.directory), "TERM": "xterm", "COLUMNS": "200"}
    subprocess.run([sys.executable, "-c", PROGRAM, "list"], env=environ, stdout=theirs, check=True)
    os.close(theirs)
    shown = os.read(ours, 100_000).decode()
    os.close(ours)
    assert "\t" not in shown
    assert "Saves [bold]everything[/bold]" in shown


def test_info_shows_what_a_flavor_offers(site: SitePackages) -> None:
    """Options and conf with their types and defaults."""
    site.install_toy()
    facts = info(site, "toy")
    assert facts["error"] is None
    assert facts["options"] == {"digits": "int | None = None", "suffix": "Literal['json', 'toy'] = 'json'"}
    assert facts["conf"]["data"] == "str = 'model.json'"
    assert facts["loader_modules"] == ["toy_flavor", "mlflow.toy"]


def test_info_is_readable_too(site: SitePackages) -> None:
    """One fact a line."""
    site.install_toy()
    done = run(site, "info", "toy")
    assert done.returncode == 0, done.stderr
    assert "distribution\tmodelpack-flavor-toy" in done.stdout.splitlines()
    assert "options\tdigits: int | None = None" in done.stdout.splitlines()


def test_info_shows_which_hooks_a_wrapper_stands_round(site: SitePackages) -> None:
    """Wrappers are checked as well."""
    text = "from modelpack import hookimpl\n@hookimpl(wrapper=True)\ndef modelpack_deploy():\n    return (yield)\n"
    site.install("acme", {"modelpack.plugins": {"audit": "audit_plugin"}}, files={"audit_plugin.py": text})
    assert info(site, "audit")["wraps"] == ["modelpack_deploy"]


def test_info_on_a_broken_plugin_fails_with_the_reason(site: SitePackages) -> None:
    """What the metadata says is shown, then the error in two lines; the exit code is 1."""
    site.install("other", {"modelpack.flavors": {"bad": "bad_module:f"}}, files={"bad_module.py": "raise OSError('x')"})
    done = run(site, "info", "bad")
    assert done.returncode == 1
    assert "distribution\tother" in done.stdout
    error, hint = done.stderr.splitlines()
    assert error.startswith("error: flavor 'bad' (other 1.0) could not be imported")
    assert hint.startswith("hint: ")


def test_info_on_a_broken_plugin_is_json_too(site: SitePackages) -> None:
    """The error stands in the document, and the exit code says it too."""
    site.install("other", {"modelpack.flavors": {"bad": "bad_module:f"}}, files={"bad_module.py": "raise OSError('x')"})
    done = run(site, "info", "bad", "--json")
    (facts,) = json.loads(done.stdout)
    assert done.returncode == 1
    assert "OSError: x" in facts["error"]


def test_info_on_a_disabled_plugin_does_not_import_it(site: SitePackages) -> None:
    """A plugin is disabled for a reason."""
    site.install("other", {"modelpack.flavors": {"bad": "bad_module:f"}}, files={"bad_module.py": "raise OSError('x')"})
    assert run(site, "info", "bad", MODELPACK_DISABLE_PLUGINS="bad").returncode == 0


@pytest.mark.parametrize(("name", "hint"), [("tooy", "hint: did you mean 'toy'?"), ("unlike", None)])
def test_an_unknown_name_is_an_error(site: SitePackages, name: str, hint: str | None) -> None:
    """The nearest name is told."""
    site.install_toy()
    done = run(site, "info", name)
    assert done.returncode == 1
    assert f"error: no plugin '{name}' is installed; installed: " in done.stderr
    assert (hint in done.stderr.splitlines()) if hint else ("hint" not in done.stderr)


def info(site: SitePackages, name: str) -> dict[str, Any]:
    """The facts of the one plugin of that name."""
    done = run(site, "info", name, "--json")
    assert done.returncode == 0, done.stderr
    (facts,) = json.loads(done.stdout)
    assert isinstance(facts, dict)
    return facts

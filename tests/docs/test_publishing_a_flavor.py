"""The guide to publishing a flavor is true: its code is the example's, and whoever follows it arrives."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from modelpack.plugins.manager import PluginManager
from modelpack.scaffolding.flavor import new_flavor

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs" / "publishing-a-flavor.md").read_text(encoding="utf-8")
EXAMPLE = ROOT / "examples" / "flavor-statsmodels"
RECORDED = Path("tests/recorded/mlflow")
FILE_BLOCK = re.compile(r"^```\w+ (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PROGRAM = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\$ (modelpack .*)$", re.MULTILINE)


def blocks() -> dict[str, list[str]]:
    """The blocks of the guide that belong to a file, by its path."""
    found: dict[str, list[str]] = {}
    for path, text in FILE_BLOCK.findall(GUIDE):
        found.setdefault(path, []).append(text)
    return found


def written(directory: Path) -> dict[str, str]:
    """What the guide's first command writes."""
    (command,) = [line for line in COMMAND.findall(GUIDE) if "plugins new flavor statsmodels" in line]
    words = shlex.split(command)
    library, distribution = (words[words.index(option) + 1] for option in ("--library", "--distribution"))
    plugins = PluginManager(entry_points=lambda _: ())
    new_flavor(words[4], directory, library=library, distribution=distribution, plugins=plugins)
    return contents(directory)


def contents(directory: Path) -> dict[str, str]:
    """The files of a package but for the recorded model, which a program of the guide makes."""
    git = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    tracked = subprocess.run(git, cwd=directory, capture_output=True, text=True, check=False).stdout.splitlines()
    names = tracked or [path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file()]
    files = {name: directory / name for name in names if not Path(name).is_relative_to(RECORDED)}
    return {name: path.read_text(encoding="utf-8") for name, path in files.items() if path.is_file()}


def without_empty_lines(text: str) -> list[str]:
    """The lines that say something; between two blocks of a guide nobody counts the others."""
    return [line for line in text.splitlines() if line.strip()]


@pytest.mark.parametrize("path", [path for path in blocks() if path.endswith(".py")])
def test_the_blocks_of_a_program_are_the_whole_file(path: str) -> None:
    """One block after the other, they are the module of the example."""
    assert without_empty_lines("\n".join(blocks()[path])) == without_empty_lines((EXAMPLE / path).read_text())


def test_what_the_guide_does_not_show_is_as_the_command_wrote_it(tmp_path: Path) -> None:
    """A reader who has written every block down has the example: no step is missing."""
    new = written(tmp_path / "new")
    for path, text in contents(EXAMPLE).items():
        if path.endswith(".py") and path in blocks():
            continue
        lines, shown = without_empty_lines(text), without_empty_lines("\n".join(blocks().get(path, [])))
        version = [line for line in lines if line.startswith("version = ")]  # of the release
        added = [line for line in lines if line not in new[path].splitlines() and line not in version]
        assert set(added) <= set(shown), f"{path} has lines that the guide does not show"
        assert set(shown) <= set(lines), f"the guide shows lines that {path} does not have"


def run(*command: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command there, as a user with a home of their own."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "PYTHON"))}
    environment["MODELPACK_HOME"] = str(folder / ".home")
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def succeeded(*command: str | Path, folder: Path) -> str:
    """What a command prints."""
    done = run(*command, folder=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def installed(folder: Path, package: Path) -> Path:
    """The scripts of a fresh environment with core and the package."""
    environment = folder / ".venv"
    scripts = environment / ("Scripts" if os.name == "nt" else "bin")
    requirements = ["-e", str(ROOT / "core"), "-e", f"{package}[test]", "-c", str(ROOT / "constraints.txt")]
    if shutil.which("uv"):
        succeeded("uv", "venv", "--quiet", "--python", sys.executable, environment, folder=folder)
        succeeded("uv", "pip", "install", "--quiet", "--python", scripts / "python", *requirements, folder=folder)
    else:
        venv.create(environment, with_pip=True)
        succeeded(scripts / "python", "-m", "pip", "install", "--quiet", *requirements, folder=folder)
    return scripts


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_whoever_follows_the_guide_arrives(tmp_path: Path) -> None:
    """Write, install, test, fill in, test, use: in an empty directory and a fresh environment."""
    package = tmp_path / "modelpack-flavor-statsmodels"
    written(package)
    scripts = installed(tmp_path, package)
    assert "let train() in tests/test_conformance.py" in run(scripts / "python", "-m", "pytest", folder=package).stdout
    for path, texts in blocks().items():
        if path.endswith(".py"):
            (package / path).parent.mkdir(parents=True, exist_ok=True)
            (package / path).write_text("\n".join(texts), encoding="utf-8")
    shutil.copytree(EXAMPLE / RECORDED, package / RECORDED)
    assert re.match(r"\d+ passed", succeeded(scripts / "python", "-m", "pytest", "-q", folder=package).splitlines()[-1])
    (program,) = PROGRAM.findall(GUIDE)
    succeeded(scripts / "python", "-c", program, folder=tmp_path)
    for words in map(shlex.split, COMMAND.findall(GUIDE)):
        if words[1] in {"inspect", "predict"}:
            succeeded(scripts / words[0], *words[1:], folder=tmp_path)
    assert len((tmp_path / "predictions.csv").read_text(encoding="utf-8").split()) == 4

"""New packages in an environment of their own: they install, are found, and pass their tests as they are."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

ROOT = Path(__file__).resolve().parents[3]
CORE = ROOT / "core"


def run(*command: str | Path, folder: Path, code: int = 0) -> str:
    """Run a command there, as a user with a home of their own, and answer what it printed."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "PYTHON"))}
    environment["MODELPACK_HOME"] = str(folder / ".home")
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def new(folder: Path, *words: str) -> Path:
    """What `modelpack plugins new` writes there."""
    told = json.loads(run(sys.executable, "-m", "modelpack", "plugins", "new", *words, "--json", folder=folder))
    return Path(told["directory"])


def environment_with(folder: Path, *packages: Path) -> Path:
    """The scripts of a fresh environment with core, the packages, the last one's extra `test`, and what judges code."""
    environment = folder / "environment"
    editable = [word for path in (CORE, *packages[:-1], f"{packages[-1]}[test]") for word in ("-e", str(path))]
    requirements = [*editable, "mypy", "ruff", "-c", str(ROOT / "constraints.txt")]
    scripts = environment / ("Scripts" if os.name == "nt" else "bin")
    if shutil.which("uv"):
        run("uv", "venv", "--quiet", "--python", sys.executable, environment, folder=folder)
        run("uv", "pip", "install", "--quiet", "--python", scripts / "python", *requirements, folder=folder)
    else:
        venv.create(environment, with_pip=True)
        run(scripts / "python", "-m", "pip", "install", "--quiet", *requirements, folder=folder)
    return scripts


PROGRAM = """
import modelpack, pandas as pd
from acme_centroids import CentroidClassifier
rows = [{"length": 1.4}, {"length": 6.0}]
model = CentroidClassifier.fit(rows, ["setosa", "virginica"])
modelpack.save_model(model, "kinds", input_example=pd.DataFrame(rows))
"""


def test_a_new_flavor_works_as_it_is(tmp_path: Path) -> None:
    """It passes the conformance kit, is listed, and saves models that the command line inspects and scores."""
    package = new(tmp_path, "flavor", "acme")
    scripts = environment_with(tmp_path, package)
    report = run(scripts / "python", "-m", "pytest", "-q", folder=package).splitlines()[-1]
    assert re.match(r"[3-9]\d passed", report), report
    assert "acme\tflavor\tmodelpack-flavor-acme\t0.1.0" in run(
        scripts / "modelpack", "plugins", "list", folder=tmp_path
    )
    run(scripts / "python", "-c", PROGRAM, folder=tmp_path)
    assert "acme" in run(scripts / "modelpack", "inspect", "kinds", folder=tmp_path)
    (tmp_path / "rows.csv").write_text("length\n1.5\n5.9\n", encoding="utf-8")
    answer = run(scripts / "modelpack", "predict", "kinds", "-i", "rows.csv", "--no-header", folder=tmp_path)
    assert answer.split() == ["setosa", "virginica"]
    assert_clean(scripts, package)


def test_a_new_target_works_as_it_is(tmp_path: Path) -> None:
    """It passes the conformance kit and is listed with its options."""
    package = new(tmp_path, "target", "acme")
    scripts = environment_with(tmp_path, package)
    assert re.match(r"[45]\d passed", run(scripts / "python", "-m", "pytest", "-q", folder=package).splitlines()[-1])
    shown = run(scripts / "modelpack", "plugins", "info", "acme", folder=tmp_path)
    assert "options\tdirectory: " in shown
    assert_clean(scripts, package)


LIBRARY = """
class Line:
    def __init__(self, slope):
        self.slope = slope

    def predict(self, rows):
        return rows["length"] * self.slope
"""
LIBRARY_PROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "acme-ml"
version = "2.1"

[tool.hatch.build.targets.wheel]
include = ["acme_ml.py"]
"""


def test_a_flavor_for_a_library_lacks_a_model_and_nothing_else(tmp_path: Path) -> None:
    """Its tests say what is to be filled in, and pass when it is."""
    library = tmp_path / "library"
    library.mkdir()
    (library / "acme_ml.py").write_text(LIBRARY, encoding="utf-8")
    (library / "pyproject.toml").write_text(LIBRARY_PROJECT, encoding="utf-8")
    package = new(tmp_path, "flavor", "acme", "--library", "acme_ml", "--distribution", "acme-ml>=2")
    scripts = environment_with(tmp_path, library, package)
    report = run(scripts / "python", "-m", "pytest", "-q", folder=package, code=1)
    assert "let train() in tests/test_conformance.py answer a model" in report
    tests = package / "tests" / "test_conformance.py"
    empty = tests.read_text(encoding="utf-8")
    filled = re.sub(r"    raise NotImplementedError.*", "    import acme_ml\n\n    return acme_ml.Line(2.0)", empty)
    tests.write_text(filled, encoding="utf-8")
    assert re.match(r"[2-9]\d passed", run(scripts / "python", "-m", "pytest", "-q", folder=package).splitlines()[-1])
    assert_clean(scripts, package)


def assert_clean(scripts: Path, package: Path) -> None:
    """Mypy is content in strict mode, and ruff by its own rules."""
    run(scripts / "python", "-m", "mypy", "src", "tests", folder=package)
    run(scripts / "python", "-m", "ruff", "check", "--isolated", "--no-cache", ".", folder=package)
    run(scripts / "python", "-m", "ruff", "format", "--isolated", "--no-cache", "--check", ".", folder=package)

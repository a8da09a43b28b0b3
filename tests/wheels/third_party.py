"""Use a third party's flavor where only core's wheel and that flavor's are installed: run by the `wheels` session."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import modelpack

MODELPACK = str(Path(sys.executable).with_name("modelpack"))
SAVE = """
import modelpack, pandas as pd, statsmodels.formula.api as smf
houses = pd.read_csv("houses.csv")
results = smf.ols("price ~ area", houses).fit()
modelpack.save_model(results, "prices", input_example=houses[["area"]])
print(results.predict(houses).to_list())
"""
LOAD = "import modelpack; print(modelpack.load_model('prices', trust=True).params.to_list())"


def main() -> None:
    """Find the plugin, save, inspect, load, predict, each in a process of its own; begin a flavor of one's own."""
    assert "site-packages" in str(modelpack.__file__), modelpack.__file__
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        found = {record["name"] for record in json.loads(modelpack_prints(folder, "plugins", "list", "--json"))}
        assert found == {"local", "python_function", "statsmodels"}, found
        score(folder)
        begin(folder)
    print("a third party's flavor works with core alone")  # noqa: T201 - a program's only output


def score(folder: Path) -> None:
    """Save with one process, and use the model as its author and as a stranger."""
    (folder / "houses.csv").write_text("area,price\n52,170\n88,265\n120,350\n145,420\n", encoding="utf-8")
    expected = json.loads(printed(folder, sys.executable, "-c", SAVE))
    assert "statsmodels" in json.loads(modelpack_prints(folder, "inspect", "prices", "--json"))["mlmodel"]["flavors"]
    answer = modelpack_prints(folder, "predict", "prices", "-i", "houses.csv", "--no-header")
    assert all(abs(float(line) - value) < 1e-9 for line, value in zip(answer.split(), expected, strict=True))
    command = ["predict", "prices", "-i", "houses.csv"]
    refused = run(folder, "stranger", MODELPACK, *command)
    assert refused.returncode == 1, refused
    assert "model.statsmodels is a pickle" in refused.stderr, refused.stderr
    assert run(folder, "stranger", MODELPACK, *command, "--trust", "all").returncode == 0
    assert len(json.loads(printed(folder, sys.executable, "-c", LOAD))) == 2


def begin(folder: Path) -> None:
    """The wheel of core has the templates of new plugins."""
    for kind in ("flavor", "target"):
        told = json.loads(modelpack_prints(folder, "plugins", "new", kind, "acme", "--json"))
        package = Path(told["directory"])
        assert all((package / file).is_file() for file in told["files"]), told
        assert {".gitignore", "LICENSE", "pyproject.toml"} <= set(told["files"]), told


def modelpack_prints(folder: Path, *words: str) -> str:
    """What `modelpack` prints."""
    return printed(folder, MODELPACK, *words)


def printed(folder: Path, *command: str) -> str:
    """What a command of the model's author prints."""
    done = run(folder, "author", *command)
    assert done.returncode == 0, done.stderr
    return done.stdout


def run(folder: Path, user: str, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command there, as a user with a trust store of their own."""
    environment = {**os.environ, "MODELPACK_HOME": str(folder / user)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


if __name__ == "__main__":
    main()

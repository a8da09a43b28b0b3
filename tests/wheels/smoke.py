"""Use the installed wheels in an environment that holds nothing else: run by the `wheels` session."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import modelpack


def main() -> None:
    """Find the plugins, save, load in a fresh process, score a file."""
    assert "site-packages" in str(modelpack.__file__), modelpack.__file__
    found = {record["name"] for record in json.loads(command("plugins", "list", "--json"))}
    assert {"python_function", "sklearn", "toy"} <= found, found
    with tempfile.TemporaryDirectory() as folder:
        score(Path(folder))
    print("the wheels work")  # noqa: T201 - a program's only output


def score(folder: Path) -> None:
    """Save a scikit-learn model with one process and use it with another."""
    from sklearn.datasets import load_iris
    from sklearn.linear_model import LogisticRegression

    features, target = load_iris(return_X_y=True, as_frame=True)
    model = LogisticRegression(max_iter=500).fit(features, target)
    modelpack.save_model(model, folder / "model", input_example=features.head(1))
    features.to_csv(folder / "iris.csv", index=False)
    answer = command("predict", str(folder / "model"), "-i", str(folder / "iris.csv"), "--no-header")
    assert [int(line) for line in answer.split()] == model.predict(features).tolist()


def command(*words: str) -> str:
    """What `modelpack` prints."""
    answer = subprocess.run(
        [str(Path(sys.executable).with_name("modelpack")), *words], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


if __name__ == "__main__":
    main()

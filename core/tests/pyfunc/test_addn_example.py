"""The first example of the seed's page (S45): the program, as a user would run it."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

EXAMPLE = """
import modelpack.pyfunc

# Define the model class
class AddN(modelpack.pyfunc.PythonModel):

    def __init__(self, n):
        self.n = n

    def predict(self, context, model_input):
        return model_input.apply(lambda column: column + self.n)

# Construct and save the model
model_path = "add_n_model"
add5_model = AddN(n=5)
modelpack.pyfunc.save_model(dst_path=model_path, python_model=add5_model)

# Load the model in `python_function` format
loaded_model = modelpack.pyfunc.load_pyfunc(model_path)

# Evaluate the model
import pandas as pd
model_input = pd.DataFrame([range(10)])
model_output = loaded_model.predict(model_input)
assert model_output.equals(pd.DataFrame([range(5, 15)]))
"""

LOADING = """
import pandas as pd
import modelpack.pyfunc

model = modelpack.pyfunc.load_model("add_n_model")
assert model.predict(pd.DataFrame([range(10)])).equals(pd.DataFrame([range(5, 15)]))
assert type(model.unwrap()).__name__ == "AddN"
assert isinstance(model.unwrap(), modelpack.pyfunc.PythonModel)
"""


def run(program: str, directory: Path) -> None:
    """Run a program in a process of its own, in a directory; warnings are errors there too."""
    command = [sys.executable, "-W", "error", "-c", program]
    answer = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    assert answer.stderr == ""


@pytest.mark.slow
def test_the_add_n_example_runs(tmp_path: Path) -> None:
    """Its last line asserts that the loaded model adds five to every number and keeps the type."""
    run(EXAMPLE, tmp_path)


@pytest.mark.slow
def test_the_model_loads_in_another_program(tmp_path: Path) -> None:
    """A program that knows nothing of the class loads it and predicts the same."""
    run(EXAMPLE, tmp_path)
    run(LOADING, tmp_path)

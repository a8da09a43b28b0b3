"""The seed's example of a booster behind a class of the user's own (S46), run as a user would."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SAVING = """
import cloudpickle
import xgboost as xgb
from sklearn import datasets
from sklearn.model_selection import train_test_split

import modelpack.pyfunc

iris = datasets.load_iris()
x = iris.data[:, 2:]
y = iris.target
x_train, x_test, y_train, _ = train_test_split(x, y, test_size=0.2, random_state=42)
dtrain = xgb.DMatrix(x_train, label=y_train)

xgb_model = xgb.train(params={"max_depth": 10}, dtrain=dtrain, num_boost_round=10)
xgb_model_path = "xgb_model.pth"
xgb_model.save_model(xgb_model_path)

artifacts = {"xgb_model": xgb_model_path}


class XGBWrapper(modelpack.pyfunc.PythonModel):

    def load_context(self, context):
        import xgboost as xgb
        self.xgb_model = xgb.Booster()
        self.xgb_model.load_model(context.artifacts["xgb_model"])

    def predict(self, context, model_input):
        input_matrix = xgb.DMatrix(model_input.values)
        return self.xgb_model.predict(input_matrix)


conda_env = {
    "channels": ["defaults"],
    "dependencies": [
        f"xgboost={xgb.__version__}",
        f"cloudpickle={cloudpickle.__version__}",
    ],
    "name": "xgb_env",
}

modelpack.pyfunc.save_model(
    dst_path="xgb_pyfunc", python_model=XGBWrapper(), artifacts=artifacts, conda_env=conda_env
)
print(xgb_model.predict(xgb.DMatrix(x_test)).tolist())
"""

LOADING = """
import pandas as pd
from sklearn import datasets
from sklearn.model_selection import train_test_split

import modelpack.pyfunc

iris = datasets.load_iris()
_, x_test = train_test_split(iris.data[:, 2:], test_size=0.2, random_state=42)
loaded_model = modelpack.pyfunc.load_model("xgb_pyfunc")
print(loaded_model.predict(pd.DataFrame(x_test)).tolist())
"""


def run(program: str, directory: Path) -> str:
    """What a program prints, in a process of its own."""
    answer = subprocess.run([sys.executable, "-c", program], cwd=directory, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout.strip().splitlines()[-1]


@pytest.mark.slow
def test_the_wrapper_example_predicts_thirty_rows(tmp_path: Path) -> None:
    """Saved in one process and loaded in another, where the artifact is gone; the environment is the user's."""
    expected = run(SAVING, tmp_path)
    (tmp_path / "xgb_model.pth").unlink()
    answer = run(LOADING, tmp_path)
    assert answer == expected
    assert len(answer.split(",")) == 30
    assert "name: xgb_env" in (tmp_path / "xgb_pyfunc" / "conda.yaml").read_text()

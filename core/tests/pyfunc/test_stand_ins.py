"""Models that MLflow saved, read without MLflow. The pickles are made with a few of its names, in another process."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from modelpack.errors import MissingDependencyError
from modelpack.pyfunc import PythonModel
from modelpack.pyfunc.pickling import pickle_model
from modelpack.pyfunc.stand_ins import convert_input
from modelpack.pyfunc.unpickling import unpickle_model

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(importlib.util.find_spec("mlflow") is not None, reason="MLflow is installed here")

MLFLOW = {
    "__init__.py": "",
    "exceptions.py": "class MlflowException(Exception): pass",
    "deployments.py": "def get_client(): pass",
    "models/__init__.py": "",
    "models/signature.py": """
class _TypeHints:
    def __init__(self, input=None, output=None): self.input, self.output = input, output
class ModelSignature:
    def __init__(self, inputs): self.inputs = inputs
""",
    "types/__init__.py": "",
    "types/schema.py": "import enum\nclass DataType(enum.Enum):\n    double = 1",
    "pyfunc/__init__.py": "",
    "pyfunc/model.py": """
class PythonModel:
    def load_context(self, context): pass
class _FunctionPythonModel(PythonModel):
    def __init__(self, func, signature=None): self.func, self.signature = func, signature
""",
    "pyfunc/utils/__init__.py": "",
    "pyfunc/utils/data_validation.py": """
from functools import wraps
from typing import Any, NamedTuple
from mlflow.exceptions import MlflowException
class FuncInfo(NamedTuple):
    input_type_hint: Any
    input_param_name: str
def _validate_model_input(args, kwargs, index, hint, name): raise NotImplementedError
def pyfunc(func, func_info, model_input_index):
    @wraps(func)
    def wrapper(*args, **kwargs):
        try:
            args, kwargs = _validate_model_input(
                args, kwargs, model_input_index, func_info.input_type_hint, func_info.input_param_name
            )
        except Exception as e:
            raise MlflowException(str(e))
        return func(*args, **kwargs)
    return wrapper
""",
}

CLASS = """
class Model(PythonModel):
    def __init__(self): self._predict_type_hints = _TypeHints(input=list[str])
    def predict(self, model_input): return [text.upper() for text in model_input]
    predict = pyfunc(predict, FuncInfo(list[str], "model_input"), 1)
model = Model()
"""
FUNCTION = """
def shout(model_input): return [text.upper() for text in model_input]
shout = pyfunc(shout, FuncInfo(list[str], "model_input"), 0)
model = _FunctionPythonModel(shout, ModelSignature([DataType.double]))
"""
OTHER = """
from mlflow.deployments import get_client
class Model(PythonModel):
    client = staticmethod(get_client)
model = Model()
"""


@pytest.fixture
def mlflow_pickle(tmp_path: Path) -> Any:
    """Pickles what a program makes, where MLflow's names are importable."""
    for name, text in MLFLOW.items():
        file = tmp_path / "site" / "mlflow" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def make(program: str) -> Path:
        imports = """
import sys, cloudpickle
sys.path.insert(0, sys.argv[1])
from mlflow.models.signature import ModelSignature, _TypeHints
from mlflow.pyfunc.model import PythonModel, _FunctionPythonModel
from mlflow.pyfunc.utils.data_validation import FuncInfo, pyfunc
from mlflow.types.schema import DataType
"""
        dump = "cloudpickle.dump(model, open(sys.argv[2], 'wb'))"
        path = tmp_path / "model.pkl"
        command = [sys.executable, "-c", imports + program + dump, str(tmp_path / "site"), str(path)]
        subprocess.run(command, check=True)
        return path

    return make


@pytest.mark.slow
@pytest.mark.parametrize("program", [CLASS, FUNCTION], ids=["class", "function"])
def test_a_model_of_mlflow_predicts(mlflow_pickle: Any, program: str) -> None:
    """An annotated predict, which MLflow wraps in functions of its own, is given the list that it expects."""
    import pandas as pd

    path = mlflow_pickle(program)
    model = unpickle_model(path, root=path.parent)
    assert isinstance(model, PythonModel)
    assert model.predict(pd.DataFrame({"text": ["a", "b"]})) == ["A", "B"]
    assert model.predict(model_input=["a"]) == ["A"]


@pytest.mark.slow
def test_a_model_of_mlflow_is_saved_again_as_one_of_mlflow(mlflow_pickle: Any, tmp_path: Path) -> None:
    """What modelpack put in place of MLflow's names goes back under these names."""
    path = mlflow_pickle(CLASS)
    model = unpickle_model(path, root=path.parent)
    pickle_model(model, tmp_path / "again.pkl")
    assert b"modelpack" not in (tmp_path / "again.pkl").read_bytes()
    assert unpickle_model(tmp_path / "again.pkl", root=tmp_path).predict(["a"]) == ["A"]


@pytest.mark.slow
def test_a_model_that_uses_more_of_mlflow_says_so(mlflow_pickle: Any) -> None:
    """What has no stand-in needs MLflow itself, and the hint says how to get it."""
    path = mlflow_pickle(OTHER)
    with pytest.raises(MissingDependencyError, match="the module 'mlflow'") as raised:
        unpickle_model(path, root=path.parent)
    assert raised.value.hint == "the model uses MLflow itself: pip install mlflow"


def test_annotated_inputs_become_lists() -> None:
    """One item for each row: the value of a single column, or a record."""
    import pandas as pd
    from pydantic import BaseModel

    class Message(BaseModel):
        text: str

    frame = pd.DataFrame({"text": ["a", "b"]})
    records = pd.DataFrame([{"text": "a", "n": 1}])
    assert convert_input((1, frame), {}, 1, list[str], "x") == ((1, ["a", "b"]), {})
    assert convert_input((records,), {}, 0, list[dict[str, Any]], "x") == (([{"text": "a", "n": 1}],), {})
    assert convert_input((), {"x": frame}, 0, list[Message], "x")[1] == {"x": [Message(text="a"), Message(text="b")]}
    assert convert_input((["a"],), {}, 0, list[str], "x") == ((["a"],), {})
    assert convert_input((frame,), {}, 0, pd.DataFrame, "x")[0][0] is frame

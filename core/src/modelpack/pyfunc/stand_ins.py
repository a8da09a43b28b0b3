"""What MLflow's pickles refer to, in a process without MLflow.

MLflow wraps the `predict` of every model that it saves in functions and classes of its own; they go into the pickle.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, NamedTuple, Self, get_args, get_origin

from modelpack.errors import ModelFailureError
from modelpack.pyfunc.python_model import PythonModel, PythonModelContext, TypeHints

if TYPE_CHECKING:
    from collections.abc import Callable


class FunctionModel(PythonModel):
    """A model that MLflow made of a function."""

    func: Callable[[Any], Any]

    def predict(self, model_input: Any, params: Any = None) -> Any:  # noqa: ARG002 - as MLflow's
        """Call the function; it takes the input alone."""
        return self.func(model_input)


class FunctionInfo(NamedTuple):
    """The annotation of a `predict`."""

    input_type_hint: Any
    input_param_name: str


class MLflowError(ModelFailureError):
    """What a model raises as an error of MLflow."""

    def __init__(self, message: object, *_: Any, **__: Any) -> None:
        super().__init__(str(message))


class Record:
    """A description that came along in a pickle and is never used, such as a copy of the signature."""

    def __new__(cls, *_: Any, **__: Any) -> Self:
        """Take any arguments, and forget them."""
        return super().__new__(cls)

    def __setstate__(self, state: object) -> None:
        """Take any state, and forget it."""


def convert_input(
    args: tuple[Any, ...], kwargs: dict[str, Any], index: int, hint: Any, name: str
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Give a `predict` that is annotated `list[…]` a list: one item for each row."""
    if name in kwargs:
        return args, {**kwargs, name: _as_list(kwargs[name], hint)}
    if len(args) > index:
        return (*args[:index], _as_list(args[index], hint), *args[index + 1 :]), kwargs
    return args, kwargs


_MODEL = "mlflow.pyfunc.model"
_VALIDATION = "mlflow.pyfunc.utils.data_validation"

REFERENCES: tuple[tuple[Any, tuple[str, str]], ...] = (
    (PythonModel, (_MODEL, "PythonModel")),
    (PythonModelContext, (_MODEL, "PythonModelContext")),
    (FunctionModel, (_MODEL, "_FunctionPythonModel")),
    (TypeHints, ("mlflow.models.signature", "_TypeHints")),
    (FunctionInfo, (_VALIDATION, "FuncInfo")),
    (convert_input, (_VALIDATION, "_validate_model_input")),
    (MLflowError, ("mlflow.exceptions", "MlflowException")),
)
"""What stands in a pickle under MLflow's names, so that either library puts its own in its place."""

_FORMAT = {
    (module, kind.__name__): kind for module in (_MODEL, "mlflow.pyfunc") for kind in (PythonModel, PythonModelContext)
}
_OTHERS = {reference: known for known, reference in REFERENCES}
_RECORDS = ("mlflow.models.signature", "mlflow.types.")


def stand_in(module: str, name: str) -> Any:
    """What takes the place of one of MLflow's names; None when the name itself shall be imported.

    The classes that the format names are modelpack's own whether MLflow is installed or not; for everything else MLflow
    itself comes first.
    """
    if (module, name) in _FORMAT:
        return _FORMAT[module, name]
    if not module.startswith("mlflow.") or find_spec("mlflow") is not None:
        return None
    return _OTHERS.get((module, name)) or (Record if module.startswith(_RECORDS) else None)


def _as_list(data: Any, hint: Any) -> Any:
    if get_origin(hint) is not list or not hasattr(data, "to_dict"):
        return data
    element = next(iter(get_args(hint)), None)
    validate = getattr(element, "model_validate", None)  # pydantic's
    records = validate is not None or dict in {element, get_origin(element)}
    items = data.to_dict(orient="records") if records and list(data.columns) != [0] else data.iloc[:, 0].tolist()
    return items if validate is None else [validate(item) for item in items]

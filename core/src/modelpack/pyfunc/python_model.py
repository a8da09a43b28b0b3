"""What a user subclasses to make any Python code a model."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class PythonModelContext:
    """What a `PythonModel` is given beside its input.

    Two contexts with the same content are equal, and none can be changed.

    Attributes:
        artifacts: The absolute local path of each artifact, inside the model directory, by its name. The files belong
            to the model: they are read-only.
        model_config: The configuration that was saved with the model, with what the caller of the load set instead;
            empty when there is none.
    """

    __slots__ = ("artifacts", "model_config")

    artifacts: Mapping[str, str]
    model_config: Mapping[str, Any]

    def __init__(self, artifacts: Mapping[str, str], model_config: Mapping[str, Any] | None = None) -> None:
        object.__setattr__(self, "artifacts", MappingProxyType(dict(artifacts)))
        object.__setattr__(self, "model_config", MappingProxyType(dict(model_config or {})))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a PythonModelContext is read-only; set {name!r} on the model: self.{name} = …")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PythonModelContext):
            return NotImplemented
        return self.artifacts == other.artifacts and self.model_config == other.model_config

    __hash__ = None  # type: ignore[assignment]  # it holds mappings

    def __repr__(self) -> str:
        return f"PythonModelContext(artifacts={dict(self.artifacts)}, model_config={dict(self.model_config)})"


class TypeHints:
    """The types that MLflow reads from the annotations of `predict`."""

    def __init__(self, input: Any = None, output: Any = None) -> None:  # noqa: A002 - MLflow's names
        self.input = input
        self.output = output


class PythonModel:
    """A model made of Python code: subclass it and define `predict` (S36, S37).

    The instance is pickled when it is saved; a class of a script, a REPL or a notebook goes into the pickle, a class of
    a module is looked up in that module when it is loaded, so give the module in `code_paths`.

    `predict` may be defined as `predict(self, context, model_input)`, with a further `params`, or without `context`.

    Example:
        ```python
        class AddN(modelpack.pyfunc.PythonModel):
            def __init__(self, n):
                self.n = n

            def predict(self, context, model_input):
                return model_input.apply(lambda column: column + self.n)


        modelpack.pyfunc.save_model("add_n_model", python_model=AddN(n=5))
        ```
    """

    def load_context(self, context: PythonModelContext) -> None:
        """Load what `predict` needs from the artifacts; called once, when the model is loaded.

        Args:
            context: The model's artifacts and configuration; `predict` is given the same.
        """

    def predict(self, *arguments: Any, **params: Any) -> Any:
        """Score one batch. Define it as `predict(self, context, model_input)`, or in another form that is listed above.

        Args:
            *arguments: `context`, the model's artifacts and configuration, and `model_input`: a DataFrame for a column
                signature or none, an array or a dict of arrays for tensors.
            **params: `params`, values for the signature's params, where the definition takes them.

        Returns:
            An ndarray, Series or DataFrame, one row for each row of the input.
        """
        raise NotImplementedError(f"{type(self).__name__} defines no predict")

    @property
    def predict_type_hints(self) -> TypeHints:
        """None: modelpack takes types from the signature. MLflow asks every model that it loads."""
        return TypeHints()

"""The generic Python view of a loaded model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelpack.errors import ModelFailureError, ModelpackError
from modelpack.pyfunc.enforcement import Enforcer

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from modelpack.interfaces import Predictor
    from modelpack.pyfunc.policy import Policy
    from modelpack.schema.mlmodel import MLmodel
    from modelpack.schema.signature import ModelSignature

FLAVOR_NAME = "python_function"


class PyFuncModel:
    """A loaded model that predicts the same way whatever library made it.

    Instances may be shared by threads as far as the model itself may.
    """

    def __init__(
        self,
        predictor: Predictor,
        *,
        mlmodel: MLmodel,
        path: Path,
        digest: str,
        native: Any,
        policy: Policy = "safe",
    ) -> None:
        """Put a flavor's predictor behind the signature of its model.

        Args:
            predictor: The flavor's view of the model.
            mlmodel: The model's `MLmodel` file.
            path: The model directory.
            digest: The digest of its manifest.
            native: The model as its own library knows it.
            policy: How far data may be from the signature.
        """
        self._predictor = predictor
        self._mlmodel = mlmodel
        self._path = path
        self._digest = digest
        self._native = native
        self._enforcer = Enforcer(mlmodel.signature, policy, arrays=bool(getattr(predictor, "takes_arrays", False)))

    def predict(self, data: Any, params: Mapping[str, Any] | None = None) -> Any:
        """Score one batch.

        Args:
            data: A DataFrame, array, mapping, list of records, Arrow table or what else `Enforcer.inputs` takes; it is
                left unchanged.
            params: Values for the signature's params; the others get their defaults.

        Returns:
            What the flavor's adapter returns: an ndarray, Series or DataFrame, one row for each row of the data.

        Raises:
            SchemaError: Data or params do not fit the signature.
            ModelFailureError: The model itself failed; its own exception is the cause.
        """
        return self.predict_enforced(*self.enforce(data, params))

    def enforce(self, data: Any, params: Mapping[str, Any] | None = None) -> tuple[Any, dict[str, Any] | None]:
        """The first half of `predict`: data and params as the model expects them.

        Raises:
            SchemaError: Data or params do not fit the signature.
        """
        return self._enforcer.inputs(data), self._enforcer.params(params)

    def predict_enforced(self, inputs: Any, params: Mapping[str, Any] | None = None) -> Any:
        """The second half of `predict`: score what `enforce` answered.

        Raises:
            ModelFailureError: The model itself failed; its own exception is the cause.
        """
        try:
            return self._predictor.predict(inputs, params)
        except ModelpackError:
            raise
        except Exception as error:
            raise _failure(error) from error

    def unwrap(self) -> Any:
        """The model as its own library knows it: an estimator, a network, a `PythonModel`."""
        return self._native

    @property
    def takes_arrays(self) -> bool:
        """Whether a table may come as an array: the columns share one number type, and the model says that it does."""
        return self._enforcer.takes_arrays

    @property
    def metadata(self) -> MLmodel:
        """What the model's `MLmodel` file says."""
        return self._mlmodel

    @property
    def signature(self) -> ModelSignature | None:
        """What the model takes and answers, None when it was saved without."""
        return self._mlmodel.signature

    @property
    def digest(self) -> str:
        """The digest of the model's manifest, which stands for every byte of it."""
        return self._digest

    @property
    def path(self) -> Path:
        """The model directory."""
        return self._path

    @property
    def policy(self) -> Policy:
        """How far data may be from the signature."""
        return self._enforcer.policy

    @property
    def loader_module(self) -> str | None:
        """The module that MLflow would load the model with."""
        name: str | None = self._mlmodel.flavors.get(FLAVOR_NAME, {}).get("loader_module")
        return name

    def __repr__(self) -> str:
        flavors = [name for name in self._mlmodel.flavors if name != FLAVOR_NAME] or [FLAVOR_NAME]
        signature = "signed" if self.signature is not None else "no signature"
        return f"<PyFuncModel {', '.join(flavors)} from {str(self._path)!r}, {signature}, {self.policy}>"


def _failure(error: Exception) -> ModelFailureError:
    return ModelFailureError(
        f"the model failed to predict: {type(error).__name__}: {error}",
        hint="the exception of its library is the cause of this one; compare the data with the model's input example",
    )

"""The generic Python view of a model: its `predict`, with the columns of the model."""

from __future__ import annotations

import inspect
import json
import warnings
from threading import Lock
from typing import TYPE_CHECKING, Any

from modelpack.errors import ModelpackWarning
from modelpack.pyfunc.model_columns import ModelColumns
from modelpack.schema.signature import ColumnSchema
from modelpack_flavor_xgboost.categories import CategoryColumns
from modelpack_flavor_xgboost.library import library

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from modelpack.schema.signature import ModelSignature

_QUERY = "qid"
"""The column that tells which query a ranker's row belongs to; it is no feature."""


class XGBoostPredictor:
    """Calls `predict` after a look at the columns.

    Attributes:
        takes_arrays: Whether an array may come in place of a DataFrame.
    """

    def __init__(
        self, model: Any, signature: ModelSignature | None = None, labels: Sequence[Any] | None = None
    ) -> None:
        """Serve a model.

        Args:
            model: A booster or an estimator.
            signature: What it takes, by which it may take arrays.
            labels: What the classes are called that it answers by number.
        """
        is_booster = isinstance(model, library().Booster)
        booster = model if is_booster else model.get_booster()
        kind = _configured_kind(booster)
        names = booster.feature_names
        predict = _predict_of_booster(model, kind) if is_booster else model.predict
        self._predict = _one_at_a_time(predict) if kind == "gblinear" else predict
        self._known_params = set(inspect.signature(model.predict).parameters) - {"X", "data"}
        self._columns = ModelColumns(names, booster.num_features(), named=_name_of)
        self._categories = CategoryColumns(booster)
        self._ignores_query = type(model).__name__ == "XGBRanker" and _QUERY not in (names or ())
        self._labels = labels
        self.takes_arrays = not self._categories and _takes_arrays(names, signature)

    def predict(self, data: Any, params: Mapping[str, Any] | None = None) -> Any:
        """Score one batch; params become keyword arguments, such as `output_margin` or `pred_contribs`."""
        if self._ignores_query and _QUERY in getattr(data, "columns", ()):
            data = data.drop(columns=_QUERY)
        rows = self._categories.encoded(self._columns.fitting(data))
        answer = self._predict(rows, validate_features=False, **self._accepted(params or {}))
        return answer if self._labels is None else _named(answer, self._labels)

    def _accepted(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Those that `predict` has; a signature may have more, which MLflow ignores, too."""
        unknown = [name for name in params if name not in self._known_params]
        if unknown:
            warnings.warn(f"XGBoost's predict has no {', '.join(unknown)}: ignored", ModelpackWarning, stacklevel=3)
        ignored = {*unknown, "validate_features"}  # the columns have been looked at
        return {name: value for name, value in params.items() if name not in ignored and value is not None}


def _configured_kind(booster: Any) -> str:
    """What the booster consists of. Asking makes it ready to predict, which several threads must not do at once."""
    return str(json.loads(booster.save_config())["learner"]["gradient_booster"]["name"])


def _predict_of_booster(booster: Any, kind: str) -> Callable[..., Any]:
    """A booster's `predict` for what is no `DMatrix`, which it does without where the answer is the same."""
    make_matrix = library().DMatrix

    def predict(rows: Any, *, validate_features: bool, **params: Any) -> Any:
        if kind == "gbtree" and not params:
            return booster.inplace_predict(rows, validate_features=validate_features)
        matrix = make_matrix(rows, enable_categorical=True)
        return booster.predict(matrix, validate_features=validate_features, **params)

    return predict


def _one_at_a_time(predict: Callable[..., Any]) -> Callable[..., Any]:
    """The same for one thread at a time: linear boosters keep what they are about to answer."""
    lock = Lock()

    def locked(*arguments: Any, **params: Any) -> Any:
        with lock:
            return predict(*arguments, **params)

    return locked


def _name_of(label: Any) -> str:
    """What XGBoost calls a column of a frame."""
    return " ".join(map(str, label)) if isinstance(label, tuple) else str(label)


def _takes_arrays(names: Sequence[str] | None, signature: ModelSignature | None) -> bool:
    schema = None if signature is None else signature.inputs
    if not isinstance(schema, ColumnSchema):
        return False
    columns = list(map(_name_of, schema.names))
    return columns == names if names is not None else _QUERY not in columns


def _named(answer: Any, labels: Sequence[Any]) -> Any:
    import numpy as np

    return np.asarray(labels)[answer] if answer.ndim == 1 and answer.dtype.kind in "iu" else answer

"""The generic Python view of a model: its `predict`, with the columns of the model.

LightGBM predicts by position, so columns in another order give wrong answers in silence; here they are found by name.
"""

from __future__ import annotations

import inspect
import re
import warnings
from typing import TYPE_CHECKING, Any

from modelpack.errors import ModelpackWarning, SchemaError
from modelpack.pyfunc.model_columns import ModelColumns
from modelpack.schema.signature import ColumnSchema

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from modelpack.schema.signature import ModelSignature


class LightGBMPredictor:
    """Calls `predict` after a look at the columns. Instances may be shared by threads.

    Attributes:
        takes_arrays: Whether an array may come in place of a DataFrame.
    """

    def __init__(self, model: Any, signature: ModelSignature | None = None) -> None:
        """Serve a booster or an estimator, by whose signature it may take arrays."""
        import lightgbm

        is_booster = isinstance(model, lightgbm.Booster)
        booster = model if is_booster else model.booster_
        names = booster.feature_name()
        is_nameless = names == [f"Column_{place}" for place in range(len(names))]
        self._predict = model.predict
        self._known_params = set(inspect.signature(model.predict).parameters) - {"X", "data", "kwargs"}
        self._columns = ModelColumns(None if is_nameless else names, len(names), named=_name_of)
        self._categories = booster.pandas_categorical or []
        self._places = _categorical_places(booster) if self._categories else []
        knows_frames = not is_booster and not is_nameless  # scikit-learn warns of an array then
        self.takes_arrays = not (self._categories or knows_frames) and _fits(names, signature, is_nameless)

    def predict(self, data: Any, params: Mapping[str, Any] | None = None) -> Any:
        """Score one batch; params become keyword arguments, such as `raw_score` or `pred_contrib`."""
        rows = self._columns.fitting(data)
        if self._categories and hasattr(rows, "columns"):
            rows = self._encoded(rows)
        return self._predict(rows, **self._accepted(params or {}))

    def _encoded(self, data: Any) -> Any:
        """The frame with its categorical columns in the categories of the model, one after another."""
        import pandas as pd

        places = self._places if len(self._places) == len(self._categories) else _text_places(data)
        if len(places) != len(self._categories):
            raise SchemaError(
                f"the model was trained on {len(self._categories)} categorical columns, and {len(places)} are there",
                hint="give them pandas' category dtype",
            )
        frame = data.copy(deep=False)
        for place, categories in zip(places, self._categories, strict=True):
            codes = pd.Index(categories).get_indexer(pd.Index(data.iloc[:, place]))  # -1, a null, for what it never saw
            frame.isetitem(place, pd.Categorical.from_codes(codes, categories=categories))
        return frame

    def _accepted(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Those that `predict` has; a signature may have more, which MLflow ignores, too."""
        unknown = [name for name in params if name not in self._known_params]
        if unknown:
            warnings.warn(f"LightGBM's predict has no {', '.join(unknown)}: ignored", ModelpackWarning, stacklevel=3)
        ignored = {*unknown, "validate_features"}  # the columns have been looked at
        return {name: value for name, value in params.items() if name not in ignored and value is not None}


def _name_of(label: Any) -> str:
    """What LightGBM calls a column of a frame."""
    return str(label).replace(" ", "_")


def _categorical_places(booster: Any) -> list[int]:
    """Where the categorical columns are, as the parameters in the model say."""
    found = re.search(r"^\[categorical_feature: ([\d,]+)\]$", booster.model_to_string(num_iteration=1), re.MULTILINE)
    return sorted(map(int, found[1].split(","))) if found else []


def _text_places(frame: Any) -> list[int]:
    return [place for place, dtype in enumerate(frame.dtypes) if dtype == "category" or dtype.kind not in "iufb"]


def _fits(names: Sequence[str], signature: ModelSignature | None, is_nameless: bool) -> bool:  # noqa: FBT001 - private
    schema = None if signature is None else signature.inputs
    return isinstance(schema, ColumnSchema) and (is_nameless or [_name_of(name) for name in schema.names] == names)

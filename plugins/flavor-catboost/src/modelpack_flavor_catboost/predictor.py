"""The generic Python view of a CatBoost model: `predict`, on the columns that it was fitted to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelpack.errors import SchemaError
from modelpack.pyfunc.model_columns import ModelColumns

if TYPE_CHECKING:
    from collections.abc import Mapping


class CatBoostPredictor:
    """Calls `predict`; params are its keyword arguments, such as `prediction_type`.

    CatBoost takes an array that is too wide, and a frame whose columns of text and numbers have changed places, without
    a word or with one that does not help. So columns are put in order and counted before.

    Attributes:
        takes_arrays: Whether an array may come in place of a DataFrame; not where it would have to hold text.
    """

    def __init__(self, model: Any) -> None:
        """Take the names and kinds of the model's columns."""
        self._model = model
        names = model.feature_names_
        nameless = [str(place) for place in range(len(names))]  # as CatBoost calls the columns of an array
        self._columns = ModelColumns(None if names == nameless else names, len(names))
        self._categories = [*model.get_cat_feature_indices(), *model.get_text_feature_indices()]
        self.takes_arrays = not self._categories and not model.get_embedding_feature_indices()

    def predict(self, data: Any, params: Mapping[str, Any] | None = None) -> Any:
        """Score one batch."""
        rows = self._columns.fitting(_table(data))
        try:
            return self._model.predict(rows, **(params or {}))
        except Exception as error:
            self._tell_missing(rows, error)
            raise

    def _tell_missing(self, rows: Any, error: Exception) -> None:
        """Name the columns whose missing values CatBoost has refused, in words that tell nothing of them."""
        if not hasattr(rows, "iloc"):
            return
        columns = [rows.iloc[:, place] for place in self._categories]
        named = ", ".join(repr(column.name) for column in columns if column.isna().any())
        if named:
            raise SchemaError(
                f"CatBoost takes no missing values among categories and texts, and there are some in {named}",
                hint="put a text such as 'missing' in their place, the same as in training",
            ) from error


def _table(data: Any) -> Any:
    """Lists of rows as an array of objects, which keeps numbers beside texts; anything else as it is."""
    if not isinstance(data, list):
        return data
    import numpy as np

    return np.asarray(data, dtype=object)

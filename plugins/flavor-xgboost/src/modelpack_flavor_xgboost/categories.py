"""Categorical columns that come as text or numbers, as they do from JSON, CSV and a signature.

XGBoost takes columns of pandas' category dtype, and translates their categories into the model's own, which stand in
the model since XGBoost 3.1. Older models only know codes, so text could mean anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelpack.errors import SchemaError
from modelpack.pyfunc.mismatch import listed

if TYPE_CHECKING:
    from collections.abc import Iterable


class CategoryColumns:
    """The categorical features of a model. Instances may be shared by threads."""

    def __init__(self, booster: Any) -> None:
        kinds = booster.feature_types or ()
        self._places = [place for place, kind in enumerate(kinds) if kind == "c"]
        self._knows_categories = bool(self._places) and _knows_categories(booster)

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._places)

    def encoded(self, data: Any) -> Any:
        """The frame with its categorical columns of the category dtype; whatever else comes, as it is.

        Raises:
            SchemaError: There is text in a categorical column, and the model does not hold its categories.
        """
        if not self._places or not hasattr(data, "columns"):
            return data
        plain = [place for place in self._places if data.dtypes.iloc[place] != "category"]
        if not self._knows_categories:
            _refuse_text(data.columns[place] for place in plain if not _is_number(data.dtypes.iloc[place]))
            return data
        if not plain:
            return data
        frame = data.copy(deep=False)
        for place in plain:
            frame.isetitem(place, _categorical(data.iloc[:, place]))
        return frame


def _knows_categories(booster: Any) -> bool:
    read = getattr(booster, "get_categories", None)
    return read is not None and not read().empty()


def _is_number(dtype: Any) -> bool:
    return dtype.kind in "iufb"


def _categorical(column: Any) -> Any:
    """The column with its own categories; unlike the codes, they need not be the model's."""
    import pandas as pd

    present = column.dropna()
    if present.dtype.kind == "f" and (present % 1 == 0).all():
        present = present.astype("int64")  # numbers beside nulls
    categories = pd.Index(present.unique()) if len(present) else pd.Index([""])  # XGBoost refuses to have none
    return pd.Categorical(column, categories=categories)


def _refuse_text(columns: Iterable[Any]) -> None:
    names = list(columns)
    if names:
        raise SchemaError(
            f"the categorical columns {listed(names)} hold no categories, and the model does not know which code"
            " stands for which: XGBoost before 3.1 did not save that",
            hint="give columns of pandas' category dtype with the categories of the training data, or train again",
        )

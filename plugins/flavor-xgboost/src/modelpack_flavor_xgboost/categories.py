"""Categorical columns, which come as text or numbers from JSON, CSV and a signature, or as pandas' categories.

Since 3.1, XGBoost keeps the categories in the model and translates those of a frame into them. In 3.2 that goes wrong
for a category that the model never saw (it is taken for another one), and for text beyond ASCII (its offsets count
letters where they should count bytes). So a frame is given the model's own categories, in the model's order.
"""

from __future__ import annotations

import json
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from modelpack.errors import SchemaError
from modelpack.pyfunc.mismatch import listed

if TYPE_CHECKING:
    from collections.abc import Mapping

_INTEGERS = {9: "int8", 10: "uint8", 11: "int16", 13: "int32", 15: "int64"}
"""What the types in a model file stand for."""


class CategoryColumns:
    """The categorical features of a model. Instances may be shared by threads."""

    def __init__(self, booster: Any) -> None:
        kinds = booster.feature_types or ()
        self._places = [place for place, kind in enumerate(kinds) if kind == "c"]
        self._known = known_categories(booster)

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._places)

    def encoded(self, data: Any) -> Any:
        """The frame with its categorical columns in the model's categories; whatever else comes, as it is.

        Raises:
            SchemaError: There is a category that the model never saw, or text of which it cannot be told.
        """
        if not self._places or not hasattr(data, "columns"):
            return data
        frame = data.copy(deep=False)
        for place in self._places:
            column, known = data.iloc[:, place], self._known.get(place)
            if known is not None:
                frame.isetitem(place, _translated(column, known))
            elif column.dtype != "category" and column.dtype.kind not in "iufb":
                raise _unknowable(column.name)
        return frame


def known_categories(booster: Any) -> Mapping[int, Any]:
    """The categories in a model, by the place of the feature; without those that are text beyond ASCII."""
    import pandas as pd

    if "c" not in (booster.feature_types or ()):
        return {}
    learner = json.loads(booster.save_raw("json"))["learner"]["gradient_booster"]
    stored = learner.get("gbtree", learner).get("model", {}).get("cats", {}).get("enc", [])
    found = {}
    for place, encoding in enumerate(stored):
        if "offsets" not in encoding:
            found[place] = pd.Index(encoding["values"], dtype=_INTEGERS.get(encoding.get("type"), "int64"))
        elif encoding["values"] and all(0 <= byte < 128 for byte in encoding["values"]):  # noqa: PLR2004 - ASCII
            text, ends = bytes(encoding["values"]).decode(), encoding["offsets"]
            found[place] = pd.Index([text[start:end] for start, end in pairwise(ends)])
    return found


def _translated(column: Any, known: Any) -> Any:
    import pandas as pd

    unseen = [value for value in column.dropna().unique() if value not in known]
    if unseen:
        raise SchemaError(
            f"column {column.name!r} holds {listed(unseen)}, which the model never saw; it knows {listed(known)}",
            hint="a null stands for an unknown value",
        )
    return pd.Categorical(column, categories=known)


def _unknowable(name: Any) -> SchemaError:
    return SchemaError(
        f"column {name!r} holds text, and the model does not tell which categories it was trained on: XGBoost before"
        " 3.1 does not save them, and later releases damage those with letters beyond ASCII",
        hint="train with categories in ASCII, or give pandas' category dtype with the training data's categories",
    )

"""The generic Python view of a model that lives in H2O: frames go there and predictions come back, as CSV."""

from __future__ import annotations

import csv
import math
import tempfile
from contextlib import suppress
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from modelpack_flavor_h2o.answers import PREDICT, Output, framed
from modelpack_flavor_h2o.cluster import USE
from modelpack_flavor_h2o.columns import Column, chosen, text_of
from modelpack_flavor_h2o.failures import failures_in_words
from modelpack_flavor_h2o.schema import ModelSchema

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_ROW = "modelpack_row"
"""A column of no model: H2O's parser drops lines that hold nothing, such as a row with one missing value."""


class BinaryPredictor:
    """Answers what `predict` answers, as a DataFrame with the input's index (S86).

    One call at a time goes to H2O, which uses all its threads for it; its client has one connection in a process.
    """

    def __init__(self, model: Any) -> None:
        """Predict with a model of the cluster that this process is connected to."""
        self._model = model
        self._schema = ModelSchema(model)

    def predict(self, data: Any, params: Mapping[str, Any] | None = None) -> Any:  # noqa: ARG002 - it has none
        """Score one batch."""
        frame = chosen(data, self._schema.names)
        index = data.index if hasattr(data, "columns") else None
        names = [*map(str, frame.columns)]
        if not len(frame):  # H2O has no frames without rows
            return self._answer(names, [[""]] * len(names), None).iloc[:0].set_axis(frame.index)
        return self._answer(names, [cells(self._schema.column(name), frame[name]) for name in frame.columns], index)

    def _answer(self, names: list[str], table: list[Any], index: Any) -> Any:
        types = ["numeric", *(self._schema.type_of(name, cells) for name, cells in zip(names, table, strict=True))]
        lines = zip(range(len(table[0])), *table, strict=True)
        return self._framed(self._scored([_ROW, *names], types, lines), index)

    def _scored(self, names: list[str], types: list[str], lines: Iterable[tuple[Any, ...]]) -> str:
        """H2O's answer as CSV; nothing of it stays there."""
        import h2o

        key = f"modelpack_{uuid4().hex}"
        with tempfile.TemporaryDirectory(prefix="modelpack-h2o-") as folder:
            path = Path(folder) / f"{key}.csv"
            with path.open("w", encoding="utf-8", newline="") as file:
                csv.writer(file, quoting=csv.QUOTE_NONNUMERIC).writerows([names, *lines])
            with USE, failures_in_words("predict"):
                answered = None
                try:
                    _upload(path, key, names, types)
                    answered = h2o.api(f"POST /3/Predictions/models/{self._model.model_id}/frames/{key}")
                    return _downloaded(answered["predictions_frame"]["name"])
                finally:
                    _forget(self._model.model_id, key, answered)

    def _framed(self, text: str, index: Any) -> Any:
        import numpy as np

        levels, category = self._schema.response_levels, self._schema.category
        names, *lines = csv.reader(StringIO(text))
        outputs = [Output.of(name, levels if name == PREDICT else None, category) for name in names]
        codes = Column.of(PREDICT, levels).codes
        raw = np.empty((len(lines), len(names)))
        for place, texts in enumerate(zip(*lines, strict=True)):
            is_label = outputs[place].labels is not None
            raw[:, place] = [codes.get(text, math.nan) if is_label else float(text or math.nan) for text in texts]
        return framed(outputs, raw, index)


def cells(column: Column | None, values: Any) -> list[Any]:
    """A column as H2O's parser shall read it: what is missing is empty, a level that the model does not know as well.

    Of a column that the model has taken apart (into one for each level, say) it keeps no description: what holds
    numbers or times goes as such, and H2O itself tells which levels are new.
    """
    if column is None and values.dtype.kind not in "iufM":
        return [text_of(value) or "" for value in values.tolist()]
    column = column or Column(str(values.name))
    numbers = column.numbers(values).tolist()
    if column.levels is None:
        return ["" if math.isnan(number) else number for number in numbers]
    return ["" if math.isnan(code) else column.levels[int(code)] for code in numbers]


def _upload(path: Path, key: str, names: list[str], types: list[str]) -> None:
    """Send a file; H2O would take an empty text for a level that is new, were it not told."""
    import h2o

    missing = [[""]] * len(names)
    h2o.upload_file(
        str(path), destination_frame=key, header=1, sep=",", col_names=names, col_types=types, na_strings=missing
    )


def _downloaded(frame: str) -> str:
    import h2o

    query = {"frame_id": frame, "hex_string": False, "escape_quotes": True}
    return str(h2o.api("GET /3/DownloadDataset", data=query))


def _forget(model: str, key: str, answered: Any) -> None:
    """Remove what a prediction has left in H2O: two frames, and for some models metrics of the rows."""
    import h2o
    from h2o.exceptions import H2OError

    if answered is not None:
        with suppress(H2OError):  # most have made none
            h2o.api(f"DELETE /3/ModelMetrics/models/{model}/frames/{key}")
        h2o.remove(answered["predictions_frame"]["name"])
    with suppress(H2OError):  # after a failure there may be none, and the failure says more
        h2o.remove(key)

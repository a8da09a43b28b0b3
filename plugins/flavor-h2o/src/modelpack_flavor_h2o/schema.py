"""What a model that lives in H2O says of its columns."""

from __future__ import annotations

from typing import Any

from modelpack_flavor_h2o.columns import Column

_ASIDE = ("weights_column", "fold_column", "treatment_column")
"""Columns of the training frame that no prediction takes."""


class ModelSchema:
    """The columns of a model, by its own description.

    Attributes:
        names: What a frame to be scored has, the offset among them; None where only H2O knows it.
        category: Such as `Binomial`.
        response_levels: The labels of a classifier; None for others.
    """

    def __init__(self, model: Any) -> None:
        """Read the description that came with the model."""
        told = model._model_json  # noqa: SLF001 - the client has no public name for it
        output, parameters = told["output"], _columns_of(told["parameters"])
        response = told.get("response_column_name")
        taken = output.get("original_names") or output["names"]
        levels = output["domains"] or [None] * len(output["names"])
        self.category = output["model_category"]
        self._columns = {name: Column.of(name, each) for name, each in zip(output["names"], levels, strict=True)}
        self.response_levels = self._columns[response].levels if response in self._columns else None
        self._encoded = bool(output.get("original_names"))
        aside = {response, *(parameters.get(key) for key in _ASIDE)}
        self.names = None if told["algo"] == "gam" else [name for name in taken if name not in aside]

    def column(self, name: str) -> Column | None:
        """A column by its name; None where the model keeps only what H2O made of it."""
        return None if self._encoded else self._columns.get(name)

    def type_of(self, name: str, cells: Any) -> str:
        """What H2O's parser calls the type of a column."""
        column = self.column(name)
        if column is None:
            return "enum" if any(isinstance(cell, str) and cell for cell in cells) else "numeric"
        return "numeric" if column.levels is None else "enum"


def _columns_of(parameters: Any) -> dict[str, str]:
    """The parameters that name a column of the training frame."""
    found = {}
    for parameter in parameters:
        value = parameter.get("actual_value")
        if isinstance(value, dict):
            value = value.get("column_name")
        if parameter["name"].endswith("_column") and isinstance(value, str):
            found[parameter["name"]] = value
    return found

"""The generic Python view of a bundle: its predictions, without a JVM."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelpack.schema.signature import ColumnSchema

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from modelpack.schema.signature import ModelSignature
    from modelpack_flavor_mleap.bundle import Bundle


class MLeapPredictor:
    """Answers columns of a bundle. Instances may be shared by threads.

    Attributes:
        takes_arrays: Whether an array may come in place of a DataFrame: where the signature names the columns, and
            one column is answered.
    """

    def __init__(self, bundle: Bundle, signature: ModelSignature | None, columns: Sequence[str] | None) -> None:
        """Serve a bundle.

        Raises:
            InvalidArgumentError: The bundle does not have the columns.
        """
        schema = None if signature is None else signature.inputs
        names = schema.names if isinstance(schema, ColumnSchema) else ()
        self._names = [str(name) for name in names] or None
        self._columns = list(columns or bundle.default_columns)
        bundle.check_columns(self._columns)
        self._predict = bundle.predict
        named = self._names is not None and set(bundle.inputs) <= set(self._names)
        self.takes_arrays = named and len(self._columns) == 1

    def predict(self, data: Any, params: Mapping[str, Any] | None = None) -> Any:  # noqa: ARG002 - bundles take none
        """Score one batch."""
        return self._predict(data, self._columns, self._names)

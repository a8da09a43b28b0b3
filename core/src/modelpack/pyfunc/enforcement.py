"""Enforcement of a whole signature, compiled once for a model and called for every prediction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelpack.data.libraries import require
from modelpack.data.plan import uniform_dtype
from modelpack.pyfunc.params import ParamsEnforcer
from modelpack.pyfunc.policy import Policy, checked_policy
from modelpack.pyfunc.unsigned import as_given
from modelpack.schema.signature import ColumnSchema, TensorSchema

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from modelpack.schema.signature import ModelSignature, Schema


class Enforcer:
    """Makes data and params fit a signature, or says why they do not.

    Input is never changed, and not copied when it fits already. Instances may be shared by threads.
    """

    def __init__(self, signature: ModelSignature | None, policy: Policy = "safe", *, arrays: bool = False) -> None:
        """Compile a signature.

        Args:
            signature: What the model takes. Parts that it does not know are not enforced.
            policy: How far data may be from the signature, see `docs/signatures.md`.
            arrays: Whether the model takes an array of two axes where all columns share a number type.

        Raises:
            InvalidArgumentError: There is no such policy.
            MissingDependencyError: The signature has columns and pandas is not installed, or tensors and NumPy is not.
        """
        self.policy = checked_policy(policy)
        inputs = None if signature is None else signature.inputs
        self.takes_arrays = arrays and uniform_dtype(inputs) is not None
        self._inputs = _inputs_enforcer(inputs, self.policy, arrays=self.takes_arrays)
        params = None if signature is None else signature.params
        self._params = None if params is None else ParamsEnforcer(params, self.policy)

    def inputs(self, data: Any) -> Any:
        """The data as the model expects it.

        Args:
            data: For columns, a DataFrame, Series, array, mapping, list of records or of rows, scalar, or Arrow data;
                for tensors, an array, a mapping of arrays, nested lists or a DataFrame.

        Returns:
            For columns, a DataFrame with exactly the columns of the signature, in its order; an array of their type and
            number itself where the model takes it. For tensors an array, or a dict of arrays when they have names.
            Without a signature the data, records and columns as a DataFrame.

        Raises:
            SchemaError: The data does not fit. The message names the columns, what was expected and what came.
        """
        return self._inputs(data)

    def params(self, params: Mapping[str, Any] | None) -> dict[str, Any] | None:
        """The params as the model expects them, defaults filled in.

        Returns:
            A value for each param of the signature; where the signature knows nothing of params, those given.

        Raises:
            SchemaError: A name is unknown or a value does not fit.
        """
        if self._params is not None:
            return self._params(params)
        return None if params is None else dict(params)


def _inputs_enforcer(schema: Schema | None, policy: Policy, *, arrays: bool) -> Callable[[Any], Any]:
    if isinstance(schema, ColumnSchema) and schema.columns:
        return _columns_enforcer(schema, policy, arrays=arrays)
    if isinstance(schema, TensorSchema) and schema.tensors:
        require("numpy", "pandas")
        from modelpack.pyfunc.tensors import TensorsEnforcer

        return TensorsEnforcer(schema, policy)
    return as_given


def _columns_enforcer(schema: ColumnSchema, policy: Policy, *, arrays: bool) -> Callable[[Any], Any]:
    require("pandas", "pandas")
    from modelpack.pyfunc.arrays import ArraysEnforcer
    from modelpack.pyfunc.columns import ColumnsEnforcer

    tables = ColumnsEnforcer(schema, policy)
    dtype = uniform_dtype(schema) if arrays else None
    return tables if dtype is None else ArraysEnforcer(dtype, len(schema.columns), tables)

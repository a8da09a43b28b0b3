"""What the tests of the data formats share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from modelpack.schema.signature import Column, ColumnSchema, ModelSignature, Tensor, TensorSchema

if TYPE_CHECKING:
    from collections.abc import Callable

    from modelpack.schema.signature import ColumnType


@pytest.fixture
def columns() -> Callable[..., ModelSignature]:
    """Make a signature of named columns: `columns(age=DataType.LONG)`."""

    def make(**types: ColumnType) -> ModelSignature:
        return ModelSignature(inputs=ColumnSchema(tuple(Column(kind, name) for name, kind in types.items())))

    return make


@pytest.fixture
def tensor() -> Callable[..., ModelSignature]:
    """Make a signature of tensors: `tensor("float32")` for one, `tensor(a="int64")` for named ones."""

    def make(dtype: str | None = None, **dtypes: str) -> ModelSignature:
        if dtype is not None:
            return ModelSignature(inputs=TensorSchema((Tensor(dtype, (-1, 2)),)))
        return ModelSignature(inputs=TensorSchema(tuple(Tensor(kind, (-1,), name) for name, kind in dtypes.items())))

    return make

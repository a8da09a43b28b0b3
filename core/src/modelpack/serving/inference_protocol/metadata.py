"""What the server and its model tell about themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from modelpack import __version__
from modelpack.pyfunc.model import FLAVOR_NAME
from modelpack.schema.signature import ColumnSchema
from modelpack.serving.inference_protocol.datatypes import (
    content_type_of_column,
    datatype_of,
    datatype_of_column,
)
from modelpack.serving.inference_protocol.inputs import column_name
from modelpack.serving.inference_protocol.outputs import output_name
from modelpack.serving.naming import VERSION

if TYPE_CHECKING:
    from collections.abc import Callable

    from modelpack.pyfunc.model import PyFuncModel
    from modelpack.schema.signature import Column, Schema, Tensor

SERVER = {"name": "modelpack", "version": __version__, "extensions": ["binary_tensor_data", "parameters"]}
"""The server's metadata."""


def model_metadata(model: PyFuncModel, name: str) -> dict[str, Any]:
    """The metadata of a model: a tensor for each column or tensor of its signature."""
    signature = model.signature
    return {
        "name": name,
        "versions": [VERSION],
        "platform": f"{_flavor(model)}_mlmodel",
        "inputs": _tensors(signature.inputs if signature is not None else None, column_name),
        "outputs": _tensors(signature.outputs if signature is not None else None, output_name),
    }


def _flavor(model: PyFuncModel) -> str:
    return next((flavor for flavor in model.metadata.flavors if flavor != FLAVOR_NAME), "python")


def _tensors(schema: Schema | None, naming: Callable[[str | int | None, int], str]) -> list[dict[str, Any]]:
    if schema is None:
        return []
    if isinstance(schema, ColumnSchema):
        return [_of_column(naming(each.name, place), each) for place, each in enumerate(schema.columns)]
    return [_of_tensor(naming(each.name, place), each) for place, each in enumerate(schema.tensors)]


def _of_column(name: str, column: Column) -> dict[str, Any]:
    tensor = {"name": name, "datatype": datatype_of_column(column.type), "shape": [-1]}
    content_type = content_type_of_column(column.type)
    parameters: dict[str, Any] = {} if content_type is None else {"content_type": content_type}
    return _with(tensor, parameters if column.required else {**parameters, "optional": True})


def _of_tensor(name: str, tensor: Tensor) -> dict[str, Any]:
    described = {"name": name, "datatype": datatype_of(np.dtype(tensor.dtype)), "shape": list(tensor.shape)}
    return _with(described, {} if tensor.required else {"optional": True})


def _with(tensor: dict[str, Any], parameters: dict[str, Any]) -> dict[str, Any]:
    return {**tensor, "parameters": parameters} if parameters else tensor

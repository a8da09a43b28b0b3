"""Holding requests and answers against botocore's model of a service, as the service itself does."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from moto.core.utils import get_service_model

from sagemaker_simulator.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.model import ListShape, MapShape, Shape, StructureShape

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "structure": (dict,),
    "map": (dict,),
    "list": (list,),
}
_JAVA = {
    r"\p{L}": r"\w",
    r"\p{Z}": r"\s",
    r"\p{N}": r"\d",
    r"\p{M}": r"\w",
    r"\p{S}": r"\W",
    r"\p{P}": r"\W",
    r"\p{Alnum}": r"a-zA-Z0-9",
    r"[\p{Print}]": r"[\x20-\x7E]",
    r"\p{Print}": r"[\x20-\x7E]",
    r"\p{ASCII}": r"[\x00-\x7F]",
    r"\z": r"\Z",
    r"\uD800\uDC00-\uDBFF\uDFFF": r"\U00010000-\U0010FFFF",
}
"""What patterns of Java say otherwise than those of Python, nearly."""

_CODES = {"iam": "ValidationError", "ecr": "InvalidParameterException", "sagemaker-runtime": "ValidationError"}


def check_request(service: str, operation: str, params: dict[str, Any]) -> None:
    """Check the parameters of a request.

    Raises:
        Refusal: They do not fit the model, or there is no such operation.
    """
    model = get_service_model(service)
    if operation not in model.operation_names:
        raise Refusal("UnknownOperationException", f"there is no operation {operation!r}")
    shape = model.operation_model(operation).input_shape
    found = [] if shape is None else list(_violations(shape, params, ""))
    if found:
        errors = "error" if len(found) == 1 else "errors"
        message = f"{len(found)} validation {errors} detected: {'; '.join(found)}"
        raise Refusal(_CODES.get(service, "ValidationException"), message)


def check_answer(service: str, operation: str, answer: dict[str, Any]) -> None:
    """Check what this simulator answers: AWS would answer nothing else.

    Raises:
        AssertionError: It does not fit the model.
    """
    shape = get_service_model(service).operation_model(operation).output_shape
    found = [] if shape is None else list(_violations(shape, answer, ""))
    assert not found, f"the simulator's answer to {operation} is wrong: {found}"


def _violations(shape: Shape, value: Any, path: str) -> Iterator[str]:
    if value is None:
        return
    expected = _TYPES.get(shape.type_name)
    if expected and (not isinstance(value, expected) or (isinstance(value, bool) and shape.type_name != "boolean")):
        raise Refusal(
            "SerializationException", f"{type(value).__name__} can not be converted to {shape.name} at {path}"
        )
    yield from (_complaint(_shown(value), path, constraint) for constraint in _broken(shape, value))
    yield from _INNER.get(shape.type_name, _nothing)(shape, value, path)


def _complaint(value: str, path: str, constraint: str) -> str:
    return f"Value {value} at '{path}' failed to satisfy constraint: {constraint}"


def _shown(value: Any) -> str:
    return f"'{value}'" if not isinstance(value, bytes) else f"'{len(value)} bytes'"


def _broken(shape: Shape, value: Any) -> Iterator[str]:
    """The constraints of a shape that its value breaks."""
    limits = shape.metadata
    if isinstance(value, (str, bytes, list, dict)) and shape.type_name != "structure":
        if "min" in limits and len(value) < limits["min"]:
            yield f"Member must have length greater than or equal to {limits['min']}"
        if "max" in limits and len(value) > limits["max"]:
            yield f"Member must have length less than or equal to {limits['max']}"
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        if "min" in limits and value < limits["min"]:
            yield f"Member must have value greater than or equal to {limits['min']}"
        if "max" in limits and value > limits["max"]:
            yield f"Member must have value less than or equal to {limits['max']}"
    if isinstance(value, str):
        yield from _broken_by_text(shape, value)


def _broken_by_text(shape: Shape, value: str) -> Iterator[str]:
    choices = shape.metadata.get("enum")
    if choices and value not in choices:
        yield f"Member must satisfy enum value set: [{', '.join(choices)}]"
    pattern = shape.metadata.get("pattern")
    if pattern and not _compiled(pattern).fullmatch(value):
        yield f"Member must satisfy regular expression pattern: {pattern}"


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    for java, python in _JAVA.items():
        pattern = pattern.replace(java, python)
    return re.compile(pattern)


def _of_structure(shape: StructureShape, value: dict[str, Any], path: str) -> Iterator[str]:
    for name in shape.required_members:
        if value.get(name) is None:
            yield _complaint("null", _joined(path, name), "Member must not be null")
    for name, inner in value.items():
        if name not in shape.members:
            yield f"Unknown parameter '{_joined(path, name)}'; must be one of: {', '.join(shape.members)}"
        else:
            yield from _violations(shape.members[name], inner, _joined(path, name))


def _of_list(shape: ListShape, value: list[Any], path: str) -> Iterator[str]:
    for number, each in enumerate(value, start=1):
        yield from _violations(shape.member, each, f"{path}.{number}.member")


def _of_map(shape: MapShape, value: dict[str, Any], path: str) -> Iterator[str]:
    for what, inner, every in (("keys", shape.key, list(value)), ("value", shape.value, list(value.values()))):
        broken = [constraint for each in every for constraint in _broken(inner, each)]
        if broken:
            yield _complaint(_shown(value), path, f"Map {what} must satisfy constraint: [{', '.join(broken)}]")


def _nothing(*_: object) -> Iterator[str]:
    yield from ()


def _joined(path: str, name: str) -> str:
    own = name[0].lower() + name[1:]
    return f"{path}.{own}" if path else own


_INNER: dict[str, Any] = {"structure": _of_structure, "list": _of_list, "map": _of_map}

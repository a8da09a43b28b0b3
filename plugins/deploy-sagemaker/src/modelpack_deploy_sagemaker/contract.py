"""Checking a request against AWS's own description of it, which boto3 brings: names, limits, choices.

Boto3 itself checks types and what is required, and leaves the rest to the service, which looks at each part only when
its turn comes: MLflow's client uploads a model before it learns that the endpoint cannot have its name.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from modelpack.plugins.naming import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def problems(operation: str, request: Mapping[str, Any]) -> list[str]:
    """What SageMaker would refuse in a request.

    Args:
        operation: Such as `CreateModel`.
        request: What would be sent.
    """
    return list(_of(_service().operation_model(operation).input_shape, request, operation))


@cache
def _service() -> Any:
    """SageMaker's description: two megabytes, which are read once."""
    import botocore.session

    return botocore.session.get_session().get_service_model("sagemaker")


def _of(shape: Any, value: Any, place: str) -> Iterator[str]:
    if shape.type_name == "structure":
        yield from _of_structure(shape, value, place)
    elif shape.type_name == "list":
        yield from _of_size(len(value), shape.metadata, place, "entries")
        for number, each in enumerate(value):
            yield from _of(shape.member, each, f"{place}[{number}]")
    elif shape.type_name == "map":
        yield from _of_size(len(value), shape.metadata, place, "entries")
        for key, each in value.items():
            yield from _of(shape.key, key, f"{place} key")
            yield from _of(shape.value, each, f"{place}.{key}")
    elif shape.type_name == "string":
        yield from _of_text(shape, value, place)
    elif shape.type_name in {"integer", "long", "float", "double"}:
        yield from _of_size(value, shape.metadata, place, "")


def _of_structure(shape: Any, value: Mapping[str, Any], place: str) -> Iterator[str]:
    yield from (f"{place}.{name} is missing" for name in shape.required_members if name not in value)
    for name, each in value.items():
        if name in shape.members:
            yield from _of(shape.members[name], each, f"{place}.{name}")
        else:
            yield f"{place} has no {name} in this version of boto3"


def _of_text(shape: Any, value: str, place: str) -> Iterator[str]:
    wrong_size = list(_of_size(len(value), shape.metadata, place, "characters"))
    yield from wrong_size
    pattern, known = shape.metadata.get("pattern"), shape.metadata.get("enum") or ()
    if not wrong_size and pattern is not None and _compiled(pattern).fullmatch(value) is None:
        yield f"{place} is {value!r}, which is not of the form {pattern}"
    if known and value not in known:
        meant = nearest(value, known)
        yield f"{place} is {value!r}" + (
            f"; did you mean {meant!r}?" if meant else f", and not one of {', '.join(known)}"
        )


def _of_size(size: float, limits: Mapping[str, Any], place: str, unit: str) -> Iterator[str]:
    least, most = limits.get("min"), limits.get("max")
    measure = f"{size:g} {unit}".rstrip()
    if least is not None and size < least:
        yield f"{place} is {measure}, and {least} is the least"
    if most is not None and size > most:
        yield f"{place} is {measure}, and {most} is the most"


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """A pattern of Java's as one of Python's; the two classes of characters that tags use are widened."""
    for name, meaning in ((r"\p{L}", r"\w"), (r"\p{N}", r"\d"), (r"\p{Z}", r"\s")):
        pattern = pattern.replace(name, meaning)
    return re.compile(pattern)

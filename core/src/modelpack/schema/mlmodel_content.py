"""Telling an `MLmodel` file from other files of that name, and finding the paths in it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from modelpack.errors import InvalidModelError
from modelpack.schema.yaml import read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_HINT = "an MLmodel file is YAML with a mapping `flavors`, which has an entry for each view of the model"
_LFS_POINTER = re.compile(rb"\s*version https://git-lfs\.github\.com/")
_PICKLE = re.compile(rb"\x80[\x02-\x05]")
_PYFUNC_PATHS = ("data", "model_path", "python_model", "code")
_EXAMPLE_PATHS = ("artifact_path", "serving_input_path")


def mlmodel_mapping(text: str | bytes, *, source: str) -> dict[str, Any]:
    """Read a file as YAML and check that it is the description of a model.

    Raises:
        InvalidModelError: It is something else; the message says what, where that can be told.
    """
    _refuse_known_others(text, source)
    try:
        content = read_yaml(text, source=source)
    except InvalidModelError as error:
        raise InvalidModelError(error.message, hint=error.hint or _HINT) from error
    if content is None:
        raise InvalidModelError(f"{source} is empty", hint=_HINT)
    if not isinstance(content, dict):
        raise InvalidModelError(f"{source} holds a {type(content).__name__} and no mapping", hint=_HINT)
    if not isinstance(content.get("flavors"), dict):
        kind = "; it looks like an MLproject file" if "entry_points" in content else ""
        raise InvalidModelError(f"{source} has no mapping `flavors`{kind}", hint=_HINT)
    _check_keys(content, source)
    return content


def _refuse_known_others(text: str | bytes, source: str) -> None:
    start = text[:64].encode("utf-8", "replace") if isinstance(text, str) else text[:64]
    if _LFS_POINTER.match(start):
        raise InvalidModelError(
            f"{source} is a Git LFS pointer, the file itself was not fetched", hint="run: git lfs pull"
        )
    if _PICKLE.match(start):
        raise InvalidModelError(f"{source} is a pickle, which was not opened", hint=_HINT)


def _check_keys(content: dict[Any, Any], source: str) -> None:
    for place, mapping in (("", content), ("flavors: ", content["flavors"])):
        for key in mapping:
            if not isinstance(key, str):
                raise InvalidModelError(f"{source}: {place}the key {key!r} is no text", hint="put it in quotes")


def core_paths(content: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Every path that core itself follows, with the place where it stands.

    Args:
        content: The content of an `MLmodel` file.
    """
    pyfunc = content["flavors"].get("python_function") or {}
    yield from _entries(pyfunc, _PYFUNC_PATHS, "python_function")
    environment = pyfunc.get("env")
    if isinstance(environment, dict):
        yield from _entries(environment, tuple(environment), "python_function.env")
    elif environment is not None:
        yield "python_function.env", environment
    for name, artifact in (pyfunc.get("artifacts") or {}).items():
        if isinstance(artifact, dict):
            yield from _entries(artifact, ("path",), f"python_function.artifacts.{name}")
    yield from _entries(content.get("saved_input_example_info") or {}, _EXAMPLE_PATHS, "saved_input_example_info")


def _entries(mapping: Mapping[str, Any], keys: tuple[str, ...], place: str) -> Iterator[tuple[str, Any]]:
    for key in keys:
        if mapping.get(key) is not None:
            yield f"{place}.{key}", mapping[key]

"""A plugin's own options, from the command line and for it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from modelpack.cli.options import UsageError, named_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pydantic import BaseModel


def read_options(model: type[BaseModel], texts: Iterable[str] | None, file: Path | None) -> dict[str, Any]:
    """Options as they were given: those of the file, and over them those of the command line.

    Args:
        model: The plugin's options. Text becomes what an option's type takes: lists and mappings are JSON.
        texts: Each `name=value`; `a.b=value` sets a field of a nested option, `name=@FILE` reads a file.
        file: A YAML or JSON file with a mapping.

    Raises:
        UsageError: A text is not of that form, an option is given twice, or a file cannot be read.
    """
    options = _from_file(file) if file is not None else {}
    given: set[str] = set()
    for text in texts or ():
        key, value = named_value(text, "replicas=2")
        if key in given:
            raise UsageError(f"the option {key!r} is given twice", hint="a list is written as JSON: key='[1, 2]'")
        given.add(key)
        _put(options, key.split("."), value, model)
    return options


def _from_file(path: Path) -> dict[str, Any]:
    from modelpack.schema.yaml import read_yaml

    content = read_yaml(_text(path), source=str(path))
    if not isinstance(content, dict):
        raise UsageError(f"{path} holds no mapping of options")
    return content


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from error


def _put(options: dict[str, Any], keys: list[str], text: str, model: type[BaseModel] | None) -> None:
    key, *rest = keys
    annotation = model.model_fields[key].annotation if model is not None and key in model.model_fields else None
    if rest:
        nested = options.setdefault(key, {})
        if not isinstance(nested, dict):
            raise UsageError(f"the option {key!r} has a value already, so it can have no {'.'.join(rest)!r}")
        _put(nested, rest, text, _nested(annotation))
    else:
        options[key] = _value(text, annotation)


def _value(text: str, annotation: Any) -> Any:
    if text.startswith("@"):
        text = _text(Path(text[1:])).rstrip("\n")
    if not text.startswith(("{", "[")) or _takes_text(annotation):
        return text
    import orjson

    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def _takes_text(annotation: Any) -> bool:
    return annotation is str or any(map(_takes_text, _members(annotation)))


def _nested(annotation: Any) -> type[BaseModel] | None:
    from pydantic import BaseModel

    candidates = (annotation, *_members(annotation))
    return next((each for each in candidates if isinstance(each, type) and issubclass(each, BaseModel)), None)


def _members(annotation: Any) -> Iterable[Any]:
    """The types of a union."""
    from types import UnionType
    from typing import Union, get_origin

    return get_args(annotation) if get_origin(annotation) in {Union, UnionType} else ()


def option_lines(model: type[BaseModel], prefix: str = "") -> list[tuple[str, str, str, str]]:
    """A plugin's options for people: name, type, default, and what it is for; those of nested options with a dot."""
    lines = []
    for name, field in model.model_fields.items():
        nested = _nested(field.annotation)
        default = "required" if field.is_required() else _shown(field.get_default(call_default_factory=True))
        kind = "options" if nested is not None else _kind(field.annotation)
        lines.append((f"{prefix}{field.alias or name}", kind, default, field.description or ""))
        if nested is not None:
            lines += option_lines(nested, f"{prefix}{field.alias or name}.")
    return lines


def _shown(default: Any) -> str:
    return "" if default is None else str(default)


def _kind(annotation: Any) -> str:
    """A type as somebody who types a command reads it."""
    from typing import Literal, get_origin

    members = [each for each in _members(annotation) if each is not type(None)]
    if members:
        return " or ".join(map(_kind, members))
    if get_origin(annotation) is Literal:
        return "|".join(map(str, get_args(annotation)))
    annotation = get_origin(annotation) or annotation
    return _KINDS.get(getattr(annotation, "__name__", ""), getattr(annotation, "__name__", str(annotation)))


_KINDS: Mapping[str, str] = {
    "str": "text",
    "int": "integer",
    "float": "number",
    "bool": "true|false",
    "Path": "path",
    "SecretStr": "secret",
    "dict": "JSON mapping",
    "list": "JSON list",
    "tuple": "JSON list",
}

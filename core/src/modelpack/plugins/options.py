"""Checking the options of a plugin, with errors that name the option."""

from __future__ import annotations

import reprlib
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from modelpack.errors import InvalidArgumentError
from modelpack.interfaces import Engine, Target
from modelpack.plugins.naming import listing, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic.fields import FieldInfo
    from pydantic_core import ErrorDetails

    from modelpack.interfaces import Flavor, PluginOptions
    from modelpack.plugins.discovery import Kind
    from modelpack.plugins.manager import Plugin


def kind_of(plugin: Plugin) -> Kind:
    """What a plugin object is."""
    return "target" if isinstance(plugin, Target) else "engine" if isinstance(plugin, Engine) else "flavor"


def validated_options(plugin: Plugin, options: Mapping[str, Any]) -> PluginOptions:
    """Check a caller's options against what the plugin takes.

    Returns:
        An instance of the plugin's `options_type`.

    Raises:
        InvalidArgumentError: An option is unknown (the nearest is named), missing, or has a wrong value (the value and
            what is expected are named). All of them, when there are several.
    """
    return _validated(plugin, plugin.options_type, "options", options)


def validated_load_options(flavor: Flavor[Any, Any], options: Mapping[str, Any]) -> PluginOptions:
    """Check a caller's load options against what the flavor takes.

    Returns:
        An instance of the flavor's `load_options_type`.

    Raises:
        InvalidArgumentError: As for `validated_options`.
    """
    return _validated(flavor, flavor.load_options_type, "load options", options)


def _validated(
    plugin: Plugin,
    options_type: type[PluginOptions],
    what: str,
    options: Mapping[str, Any],
) -> PluginOptions:
    try:
        return options_type.model_validate(dict(options))
    except ValidationError as error:
        fields = _fields_by_option(options_type)
        problems = [_problem(details, fields) for details in error.errors()]
        owner = f"{kind_of(plugin)} {plugin.name!r}"
        raise InvalidArgumentError(
            f"the {what} do not fit the {owner}: {'; '.join(problems)}",
            hint=f"{what} of the {owner}: {listing(fields)}",
        ) from None  # pydantic's own text would show the values of secret options


def _fields_by_option(options_type: type[PluginOptions]) -> dict[str, FieldInfo]:
    return {field.alias or name: field for name, field in options_type.model_fields.items()}


def _problem(details: ErrorDetails, fields: Mapping[str, FieldInfo]) -> str:
    if not details["loc"]:
        return details["msg"]
    option = str(details["loc"][0])
    if details["type"] == "extra_forbidden" and len(details["loc"]) == 1:
        meant = nearest(option, fields)
        return f"there is no option {option!r}" + (f"; did you mean {meant!r}?" if meant else "")
    if details["type"] == "missing" and len(details["loc"]) == 1:
        return f"the option {option!r} is required"
    place = ".".join(str(part) for part in details["loc"])
    value = _shown(details["input"], fields.get(option))
    if details["type"] in {"value_error", "assertion_error"}:
        return f"the option {place!r} is {value}: {details['ctx']['error']}"
    return f"the option {place!r} is {value}; expected {details['msg'].removeprefix('Input should be ')}"


def _shown(value: Any, field: FieldInfo | None) -> str:
    if field is not None and (not field.repr or "Secret" in str(field.annotation)):
        return "a value that is not shown"
    return reprlib.repr(value)

"""Reading what a Keras file would load, without loading it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from modelpack.errors import InvalidModelError
from modelpack_flavor_keras import allowlist

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator


@dataclass(frozen=True, slots=True)
class Audit:
    """What the names in the description of a model say.

    Attributes:
        code: What holds code, or reads what code is in: lambdas, and layers of Keras that are not on the list.
        custom: Names of classes and functions that are not Keras's own.
        modules: The modules that the description gives for these.
    """

    code: frozenset[str] = frozenset()
    custom: frozenset[str] = frozenset()
    modules: frozenset[str] = frozenset()

    @property
    def beyond(self) -> frozenset[str]:
        """All that loading without trust does not admit."""
        return self.code | self.custom


@dataclass(slots=True)
class _Found:
    code: set[str] = field(default_factory=set)
    custom: set[str] = field(default_factory=set)
    modules: set[str] = field(default_factory=set)


def audit(descriptions: Collection[Any], registered: Collection[str], given: Collection[str] = ()) -> Audit:
    """Judge descriptions by the names in them; nothing is imported.

    Args:
        descriptions: Parsed JSON, as Keras would build objects from it.
        registered: The names under which this process has registered classes and functions with Keras. The file shall
            not choose among them.
        given: The names of the custom objects that the caller hands over for this model, and which it may use.

    Raises:
        InvalidModelError: A name is not a name.
    """
    found, taken = _Found(), frozenset(registered) - frozenset(given)
    for value in _values(descriptions):
        if isinstance(value, str):
            if value in taken:
                found.custom.add(value)
        elif "class_name" in value:
            _judge(value, found, frozenset(given))
    return Audit(frozenset(found.code), frozenset(found.custom), frozenset(found.modules))


def _values(descriptions: Collection[Any]) -> Iterator[Any]:
    """Every mapping and every text, however deep; without recursion, as the file decides on the depth."""
    waiting = list(descriptions)
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting.extend(value.values())
            yield value
        elif isinstance(value, list):
            waiting.extend(value)
        elif isinstance(value, str):
            yield value


def _judge(node: dict[str, Any], found: _Found, given: frozenset[str]) -> None:
    kind, module = node["class_name"], node.get("module")
    is_function = kind == "function"
    name = node.get("config") if is_function else kind
    registered_name = node.get("registered_name")
    if any(not isinstance(part, str) for part in (kind, name, module or "", registered_name or "")):
        raise InvalidModelError(f"the model's description names {name!r} of {module!r}, which is no name")
    if kind in allowlist.VALUES:
        return
    if kind == "__lambda__":
        found.code.add("a Python lambda")
    elif registered_name in (None, "", name) and _is_listed(str(name), module, is_function=is_function):
        found.code.update(_paths(node))
    elif _is_of_keras(str(name), module):
        found.code.add(f"{module}.{name}" if module else str(name))
    else:
        sought = str(name) if is_function else registered_name or str(name)
        if sought not in given:
            found.custom.add(sought)
            found.modules.add(module or "")


def _is_listed(name: str, module: str | None, *, is_function: bool) -> bool:
    if is_function:
        return module in allowlist.FUNCTION_MODULES and name in allowlist.FUNCTIONS
    if module in allowlist.OPERATION_MODULES:
        return name[:1].isupper() and name.isalnum()
    return name in allowlist.CLASSES.get(module, ())


def _is_of_keras(name: str, module: str | None) -> bool:
    return name in allowlist.PROGRAMS if module is None else module.partition(".")[0] == "keras"


def _paths(node: dict[str, Any]) -> list[str]:
    """The files that a layer with a vocabulary would read."""
    config = node.get("config")
    if node["class_name"] not in allowlist.VOCABULARIES or not isinstance(config, dict):
        return []
    values = [config.get("vocabulary"), config.get("idf_weights")]
    return [f"{node['class_name']} with the file {value}" for value in values if isinstance(value, str)]

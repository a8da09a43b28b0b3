"""What stands in a skops file, judged before anything of it is imported or constructed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

from modelpack_flavor_sklearn.allowlist import ALLOWED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LISTED: frozenset[str] = frozenset().union(*ALLOWED.values())
_BOOLEANS = {"builtins.bool", "numpy.bool", "numpy.bool_"}


@dataclass(frozen=True, slots=True)
class Audit:
    """What the names in a skops file say.

    Attributes:
        listed: Names on the flavor's list, each in its own role, to be handed to skops as trusted.
        misplaced: Names on the list in another role than their own, where skops would call them.
        lossy: Why skops would not restore this object as it was; None when it would.
    """

    listed: frozenset[str]
    misplaced: frozenset[str]
    lossy: str | None

    def beyond(self, names: frozenset[str]) -> frozenset[str]:
        """Those of the names that skops does not admit which this flavor does not admit either."""
        return (names - self.listed) | self.misplaced


def audit(path: Path) -> Audit:
    """Read the names in a skops file; nothing of it is imported."""
    with ZipFile(path) as archive:
        nodes = list(_nodes(json.loads(archive.read("schema.json"))))
    listed = [node for node in nodes if _name(node) in _LISTED]
    return Audit(
        listed=frozenset(_name(node) for node in listed if _placed(node)),
        misplaced=frozenset(_name(node) for node in listed if not _placed(node)),
        lossy=next(filter(None, map(_lossy, nodes)), None),
    )


def untrusted(path: Path) -> frozenset[str]:
    """The names in a skops file that skops does not admit by itself."""
    import skops.io

    return frozenset(skops.io.get_untrusted_types(file=path))


def _nodes(schema: Any) -> Iterator[dict[str, Any]]:
    waiting = [schema]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting.extend(value)
        elif isinstance(value, dict):
            waiting.extend(value.values())
            if "__loader__" in value and "__class__" in value:
                yield value


def _name(node: dict[str, Any]) -> str:
    return f"{node.get('__module__')}.{node['__class__']}"


def _placed(node: dict[str, Any]) -> bool:
    return _name(node) in ALLOWED.get(node["__loader__"], ())


def _lossy(node: dict[str, Any]) -> str | None:
    if node["__loader__"] == "DictNode" and not _BOOLEANS.isdisjoint(_keys(node)):
        return "it holds a dict with boolean keys, which skops does not restore"
    if node["__loader__"] == "DefaultDictNode" and any(key != "builtins.str" for key in _keys(node["content"]["main"])):
        return "it holds a defaultdict with keys other than strings, which skops does not restore"
    return None


def _keys(node: dict[str, Any]) -> set[str]:
    return {_name(key) for key in node["key_types"]["content"]}

"""Reading a bundle: its `bundle.json`, and the steps that are named from there."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING, Any

from modelpack.errors import InvalidModelError
from modelpack_flavor_mleap.attributes import Attributes
from modelpack_flavor_mleap.files import Archive, Directory, Files
from modelpack_flavor_mleap.node import Node
from modelpack_flavor_mleap.tree import parsed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from modelpack_flavor_mleap.tree import Tree

ENSEMBLES = frozenset({"random_forest_classifier", "random_forest_regression", "gbt_classifier", "gbt_regression"})
SINGLE_TREES = frozenset({"decision_tree_classifier", "decision_tree_regression"})
_MOST_STEPS = 10_000
_DEEPEST = 32


def read(path: Path) -> Node:
    """Read the steps of a bundle.

    Args:
        path: A directory or a zip archive.

    Raises:
        InvalidModelError: It is none, it is damaged, or it is in the protobuf form; the message names the file.
    """
    if path.is_dir():
        return _Reader(Files(Directory(path))).bundle()
    try:
        with zipfile.ZipFile(path) as archive:
            return _Reader(Files(Archive(archive))).bundle()
    except (zipfile.BadZipFile, OSError) as error:
        raise InvalidModelError(
            f"{path.name} is no MLeap bundle: neither a directory nor a zip archive that can be read ({error})"
        ) from error


class _Reader:
    """One reading of one bundle."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._steps = 0

    def bundle(self) -> Node:
        told = self._files.json("bundle.json")
        form = told.get("format")
        if form != "json":
            raise InvalidModelError(
                f"bundle.json: the bundle's format is {form!r}, and only json is read",
                hint="write it with MLeap's SerializationFormat.Json, or save the pipeline again with modelpack",
            )
        return self._node("root", 0)

    def _node(self, folder: str, depth: int) -> Node:
        self._steps += 1
        if depth > _DEEPEST or self._steps > _MOST_STEPS:
            raise InvalidModelError(f"{folder}: the bundle has more steps, or deeper ones, than are read")
        attributes, op = self._model(folder)
        place = f"{folder}/node.json"
        told = self._files.json(place)
        shape = told.get("shape", {})
        nodes = []
        if op == "pipeline":
            nodes = [
                self._node(f"{folder}/{_plain(name, attributes.place)}.node", depth + 1)
                for name in attributes.texts("nodes")
            ]
        return Node(
            name=str(told.get("name", folder)),
            op=op,
            attributes=attributes,
            inputs=_sockets(shape, "inputs", place),
            outputs=_sockets(shape, "outputs", place),
            nodes=tuple(nodes),
            trees=self._trees(folder, op, attributes),
        )

    def _model(self, folder: str) -> tuple[Attributes, str]:
        place = f"{folder}/model.json"
        told = self._files.json(place)
        op, raw = told.get("op"), told.get("attributes") or {}
        if not isinstance(op, str) or not isinstance(raw, dict):
            raise InvalidModelError(f"{place}: it does not say which operator this is, with which attributes")
        return Attributes(raw, place), op

    def _trees(self, folder: str, op: str, attributes: Attributes) -> tuple[Tree, ...]:
        if op in SINGLE_TREES:
            return (self._tree(folder),)
        if op not in ENSEMBLES:
            return ()
        return tuple(self._tree(f"{folder}/{_plain(name, attributes.place)}") for name in attributes.texts("trees"))

    def _tree(self, folder: str) -> Tree:
        attributes, op = self._model(folder)
        if op not in SINGLE_TREES:
            raise InvalidModelError(f"{attributes.place}: a decision tree was expected, not {op!r}")
        place = f"{folder}/tree.json"
        return parsed(self._files.text(place), place)


def _plain(name: str, place: str) -> str:
    """The name of a step as part of a path."""
    if not name or name in {".", ".."} or any(letter in name for letter in "/\\\0:"):
        raise InvalidModelError(f"{place}: {name!r} cannot be the name of a folder in the bundle")
    return name


def _sockets(shape: Any, kind: str, place: str) -> Mapping[str, str]:
    found = shape.get(kind, []) if isinstance(shape, dict) else None
    if isinstance(found, dict):  # MLeap's Python package writes a single one so, sometimes
        found = [found]
    try:
        sockets = {each["port"]: each["name"] for each in found or []}
    except (TypeError, KeyError) as error:
        raise InvalidModelError(f"{place}: the {kind} have no port and name") from error
    if not all(isinstance(text, str) for pair in sockets.items() for text in pair):
        raise InvalidModelError(f"{place}: the {kind} have no port and name of text")
    return sockets

"""Writing a bundle as a directory, in the JSON form of MLeap 0.25, so that its runtime can read it."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from modelpack_flavor_mleap.layout import VERSION
from modelpack_flavor_mleap.reading import ENSEMBLES, SINGLE_TREES

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from modelpack_flavor_mleap.node import Node
    from modelpack_flavor_mleap.tree import Tree

_TREE_OPS = {
    "random_forest_classifier": "decision_tree_classifier",
    "random_forest_regression": "decision_tree_regression",
    "gbt_classifier": "decision_tree_regression",
    "gbt_regression": "decision_tree_regression",
}


def write(root: Node, directory: Path) -> None:
    """Write a pipeline as the bundle in a directory, which is made."""
    directory.mkdir(parents=True)
    _write_json(
        directory / "bundle.json",
        {
            "uid": str(uuid.uuid4()),
            "name": root.name,
            "format": "json",
            "version": VERSION,
            "timestamp": datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds"),
        },
    )
    _write_node(root, directory / "root")


def _write_node(node: Node, folder: Path) -> None:
    folder.mkdir()
    _write_json(folder / "model.json", {"op": node.op, "attributes": dict(node.attributes.raw)})
    shape = {"inputs": _sockets(node.inputs.items()), "outputs": _sockets(node.outputs.items())}
    _write_json(folder / "node.json", {"name": node.name, "shape": shape})
    for child in node.nodes:
        _write_node(child, folder / f"{child.name}.node")
    if node.op in SINGLE_TREES:
        _write_lines(node.trees[0], folder)
    elif node.op in ENSEMBLES:
        _write_trees(node, folder)


def _write_trees(node: Node, folder: Path) -> None:
    kept = ("num_features", "num_classes") if node.op == "random_forest_classifier" else ("num_features",)
    attributes = {name: node.attributes.raw[name] for name in kept if name in node.attributes.raw}
    for name, tree in zip(node.attributes.texts("trees"), node.trees, strict=True):
        (folder / name).mkdir()
        _write_json(folder / name / "model.json", {"op": _TREE_OPS[node.op], "attributes": attributes})
        _write_lines(tree, folder / name)


def _write_lines(tree: Tree, folder: Path) -> None:
    text = "".join(f"{line}\n" for line in tree.lines())
    (folder / "tree.json").write_text(text, encoding="utf-8", newline="\n")


def _sockets(sockets: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"port": port, "name": name} for port, name in sockets]


def _write_json(path: Path, value: dict[str, Any]) -> None:
    text = json.dumps(value, allow_nan=False, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")

"""Decision trees: one JSON node a line, parents before their children, left before right."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from modelpack.errors import InvalidModelError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import numpy as np


@dataclass(frozen=True, slots=True)
class Split:
    """Which rows go left.

    Attributes:
        feature: The place of the feature.
        threshold: Up to this value they do; None for categories.
        categories: The categories that are named.
        count: How many categories there are.
        named_go_left: Whether the named ones go left, or the others.
    """

    feature: int
    threshold: float | None = None
    categories: tuple[float, ...] = ()
    count: int = 0
    named_go_left: bool = True

    def encoded(self) -> dict[str, Any]:
        """As the line has it."""
        if self.threshold is not None:
            return {"type": "continuous", "featureIndex": self.feature, "threshold": self.threshold}
        return {
            "type": "categorical",
            "featureIndex": self.feature,
            "numCategories": self.count,
            "categories": list(self.categories),
            "isLeft": self.named_go_left,
        }


@dataclass(frozen=True, slots=True, eq=False)
class Tree:
    """A tree, its nodes in the order of the file, so that a left child follows its parent.

    Attributes:
        splits: What each node asks; None for leaves.
        right: Where the right child is; 0 for leaves.
        values: The numbers of each leaf; zeros for the others.
    """

    splits: tuple[Split | None, ...]
    right: tuple[int, ...]
    values: np.ndarray[Any, Any]

    @classmethod
    def of(cls, nodes: Iterable[Split | list[float]], place: str) -> Tree:
        """A tree of splits and the numbers of leaves, in the order of the file.

        Raises:
            InvalidModelError: They make no tree.
        """
        import numpy as np

        splits: list[Split | None] = []
        right: list[int] = []
        leaves: dict[int, list[float]] = {}
        waiting: list[int] = [-1]  # nodes whose right child, or the root, is still to come
        for node in nodes:
            here = len(splits)
            if not waiting:
                raise InvalidModelError(f"{place}: there is more than one tree")
            if right and splits[-1] is None:  # after a leaf comes somebody's right child
                right[waiting.pop()] = here
            elif not right:
                waiting.pop()
            right.append(0)
            if isinstance(node, Split):
                splits.append(node)
                waiting.append(here)
            else:
                splits.append(None)
                leaves[here] = node
        widths = {len(leaf) for leaf in leaves.values()}
        if waiting or not leaves or len(widths) != 1 or 0 in widths:
            raise InvalidModelError(f"{place}: the tree is cut off" if waiting else f"{place}: the leaves differ")
        values = np.zeros((len(splits), widths.pop()))
        values[list(leaves)] = list(leaves.values())
        return cls(tuple(splits), tuple(right), values)

    def lines(self) -> Iterator[str]:
        """The lines of the file."""
        for place, split in enumerate(self.splits):
            if split is None:
                yield json.dumps({"type": "leaf", "values": self.values[place].tolist()})
            else:
                yield json.dumps({"type": "internal", "split": split.encoded()})


def parsed(text: str, place: str) -> Tree:
    """The tree of a file.

    Raises:
        InvalidModelError: It is damaged.
    """
    return Tree.of((_node(line, f"{place}, line {number}") for number, line in enumerate(text.splitlines(), 1)), place)


def _node(line: str, place: str) -> Split | list[float]:
    try:
        node = json.loads(line)
        if node["type"] == "leaf":
            return [float(value) for value in node.get("values", [0.0])]
        return _split(node["split"], place)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise InvalidModelError(f"{place}: this is no node of a decision tree") from error


def _split(split: dict[str, Any], place: str) -> Split:
    feature = int(split.get("featureIndex", 0))
    if feature < 0:
        raise InvalidModelError(f"{place}: the feature is number {feature}")
    if split["type"] == "continuous":
        return Split(feature, float(split.get("threshold", 0.0)))
    if split["type"] != "categorical":
        raise InvalidModelError(f"{place}: a split of type {split['type']!r:.40} is not known")
    named = tuple(float(value) for value in split.get("categories", []))
    count = int(split.get("numCategories", 0))
    if not 0 <= count <= _MOST_CATEGORIES or any(not 0 <= each < count for each in named):
        raise InvalidModelError(f"{place}: the categories are not within 0 to {count - 1}")
    return Split(feature, None, named, count, bool(split.get("isLeft", False)))


_MOST_CATEGORIES = 1 << 20

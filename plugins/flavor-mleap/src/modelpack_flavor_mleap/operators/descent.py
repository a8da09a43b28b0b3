"""Finding the leaf of each row in each tree, without a loop over rows or trees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from modelpack_flavor_mleap.sparse import SparseRows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelpack_flavor_mleap.sparse import Array, Vectors
    from modelpack_flavor_mleap.tree import Tree

_BLOCK = 1 << 17
"""So many pairs of row and tree go down at once: what they need stays in the processor's cache."""


@dataclass(frozen=True, slots=True, eq=False)
class Forest:
    """Trees in one table, a line for each node. A leaf leads to itself.

    Attributes:
        roots: Where each tree begins.
        depth: The length of the longest way down.
        used: The features that are asked for.
        feature: Which of those each node asks for.
        threshold: Up to which value rows go left.
        left: Where they go.
        right: Where the others go.
        leaf_values: The numbers of each leaf.
        start: Where the node's categories begin in `goes_left`; 0 where it has none.
        count: How many categories it has; 0 where it has none.
        others_left: Whether rows of another category go left.
        goes_left: Whether rows of a category go left.
    """

    roots: Array
    depth: int
    used: Array
    feature: Array
    threshold: Array
    left: Array
    right: Array
    leaf_values: Array
    start: Array
    count: Array
    others_left: Array
    goes_left: Array

    @classmethod
    def of(cls, trees: Sequence[Tree], *, votes: bool = False) -> Forest:
        """A forest of trees; with votes, the numbers of each leaf divided by their sum."""
        import numpy as np

        sizes = [len(tree.splits) for tree in trees]
        roots = np.cumsum([0, *sizes[:-1]])
        here = np.arange(sum(sizes))
        splits = [split for tree in trees for split in tree.splits]
        inner = np.array([split is not None for split in splits])
        right = np.concatenate([np.array(tree.right) + root for tree, root in zip(trees, roots, strict=True)])
        asked = np.array([-1 if split is None else split.feature for split in splits])
        used = np.unique(asked[inner])
        threshold = [
            np.inf if split is None else np.nan if split.threshold is None else split.threshold for split in splits
        ]
        count = np.array([0 if split is None or split.threshold is not None else split.count for split in splits])
        values = np.concatenate([tree.values for tree in trees])
        if votes:
            total = values.sum(axis=1, keepdims=True)
            values = values / np.where(total == 0, 1.0, total)
        return cls(
            roots=roots,
            depth=max(map(_depth, trees)),
            used=used,
            feature=np.where(inner, np.searchsorted(used, asked), 0),
            threshold=np.array(threshold),
            left=np.where(inner, here + 1, here),
            right=np.where(inner, right, here),
            leaf_values=values,
            start=np.cumsum([0, *count[:-1]]),
            count=count,
            others_left=np.array([split is not None and not split.named_go_left for split in splits]),
            goes_left=np.array([side for split in splits if split is not None for side in _sides(split)], dtype=bool),
        )

    def numbers(self, vectors: Vectors) -> Array:
        """The first number of each tree's leaf, for each row."""
        return self.values(vectors)[:, :, 0]

    def values(self, vectors: Vectors) -> Array:
        """The numbers of each tree's leaf, for each row."""
        import numpy as np

        rows = vectors.columns(self.used) if isinstance(vectors, SparseRows) else vectors[:, self.used]
        block = max(_BLOCK // len(self.roots), 1)
        if len(rows) <= block:
            return self.leaf_values[self._leaves(rows)].swapaxes(0, 1)
        parts = [self._leaves(rows[start : start + block]) for start in range(0, len(rows), block)]
        return self.leaf_values[np.concatenate(parts)].swapaxes(0, 1)

    def _leaves(self, rows: Array) -> Array:
        import numpy as np

        node = np.repeat(self.roots[None, :], len(rows), axis=0)
        if not len(self.used):
            return node
        number = np.arange(len(rows))[:, None]
        for _ in range(self.depth):
            value = rows[number, self.feature[node]]
            left = value <= self.threshold[node]
            if len(self.goes_left):
                left = np.where(self.count[node] > 0, self._by_category(value, node), left)
            node = np.where(left, self.left[node], self.right[node])
        return node

    def _by_category(self, value: Array, node: Array) -> Array:
        import numpy as np

        count = self.count[node]
        known = (value >= 0) & (value < count)
        category = np.where(known, value, 0).astype(np.intp)
        known &= category == value
        place = np.minimum(self.start[node] + category, len(self.goes_left) - 1)
        return np.where(known, self.goes_left[place], self.others_left[node])


def _sides(split: object) -> list[bool]:
    from modelpack_flavor_mleap.tree import Split

    if not isinstance(split, Split) or split.threshold is not None:
        return []
    named = set(split.categories)
    return [(category in named) == split.named_go_left for category in range(split.count)]


def _depth(tree: Tree) -> int:
    """The length of the longest way down."""
    deepest, depths = 0, [0] * len(tree.splits)
    for place, split in enumerate(tree.splits):
        deepest = max(deepest, depths[place])
        if split is not None:
            depths[place + 1] = depths[tree.right[place]] = depths[place] + 1
    return deepest

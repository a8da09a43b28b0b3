"""What an operator is once its attributes have been read: a function that works on the columns."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from modelpack_flavor_mleap.columns import Columns

if TYPE_CHECKING:
    from modelpack_flavor_mleap.node import Node
    from modelpack_flavor_mleap.sparse import Vectors

Step: TypeAlias = Callable[[Columns], None]
"""Reads columns and writes columns; several threads may call it, each with columns of its own."""


def mapped(node: Node, function: Callable[[Vectors], Vectors], width: int | None = None) -> Step:
    """A step from a column of vectors, of a width where it is known, to another one."""
    source, output = node.input("input", "features"), node.output("output")

    def run(columns: Columns) -> None:
        columns[output] = function(columns.vectors(source, width))

    return run

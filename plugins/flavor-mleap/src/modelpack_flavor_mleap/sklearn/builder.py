"""The steps of a bundle while it is made, and the columns that they have come to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from modelpack_flavor_mleap import values
from modelpack_flavor_mleap.errors import MLeapSerializationException
from modelpack_flavor_mleap.node import Node

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from modelpack_flavor_mleap.tree import Tree


@dataclass(frozen=True, slots=True)
class Part:
    """A column.

    Attributes:
        name: Its name.
        width: The width of its vectors; None when it holds numbers or texts.
    """

    name: str
    width: int | None = None


Block: TypeAlias = tuple[Part, ...]
"""The columns that stand for a table of scikit-learn's, side by side."""


class Builder:
    """Collects steps and names their columns."""

    def __init__(self, taken: Iterable[str]) -> None:
        """Begin with the columns that come in."""
        self.nodes: list[Node] = []
        self._taken = {*taken, "prediction"}

    def add(
        self,
        op: str,
        inputs: Mapping[str, str],
        outputs: Mapping[str, str],
        attributes: Mapping[str, Any],
        trees: tuple[Tree, ...] = (),
    ) -> None:
        """Add a step."""
        self.nodes.append(Node.of(f"{op}_{len(self.nodes)}", op, inputs, outputs, attributes, trees))

    def name(self, hint: str) -> str:
        """A name for a column that no other has."""
        name, number = hint, 1
        while name in self._taken:
            number += 1
            name = f"{hint}_{number}"
        self._taken.add(name)
        return name

    def vector(self, block: Block) -> Part:
        """The columns as one vector."""
        if len(block) == 1 and block[0].width is not None:
            return block[0]
        part = Part(self.name("features"), sum(each.width or 1 for each in block))
        attributes = {
            "input_shapes": values.shapes([each.width for each in block]),
            "handle_invalid": values.text("error"),
        }
        inputs = {f"input{place}": each.name for place, each in enumerate(block)}
        self.add("vector_assembler", inputs, {"output": part.name}, attributes)
        return part

    def mapped(self, block: Block, op: str, attributes: Mapping[str, Any], width: int | None = None) -> Block:
        """The columns as one vector, after a step that maps vectors."""
        source = self.vector(block)
        part = Part(self.name(op), source.width if width is None else width)
        self.add(op, {"input": source.name}, {"output": part.name}, attributes)
        return (part,)

    def each(self, block: Block, op: str, attributes: Iterable[Mapping[str, Any]]) -> Block:
        """Each column by itself, after a step that maps numbers."""
        made = []
        for source, told in zip(scalars(block, op), attributes, strict=True):
            part = Part(self.name(f"{source.name}_{op}"))
            self.add(op, {"input": source.name}, {"output": part.name}, told)
            made.append(part)
        return tuple(made)


def scalars(block: Block, what: str) -> Block:
    """The columns, which have to be numbers or texts and not vectors.

    Raises:
        MLeapSerializationException: They are vectors.
    """
    if any(part.width is not None for part in block):
        raise MLeapSerializationException(
            f"MLeap's {what} takes columns, and an earlier step has made vectors of them",
            hint="let it come first, or give it the columns in a ColumnTransformer",
        )
    return block

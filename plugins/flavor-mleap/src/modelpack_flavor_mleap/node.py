"""One step of a bundle: an operator with its attributes, and the columns that it reads and writes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from modelpack.errors import InvalidModelError
from modelpack_flavor_mleap.attributes import Attributes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from modelpack_flavor_mleap.tree import Tree


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One step.

    Attributes:
        name: Its name in the bundle, which is that of its folder.
        op: What it does, such as `string_indexer`.
        attributes: What was learnt.
        inputs: The columns that it reads, by the operator's ports.
        outputs: The columns that it writes.
        nodes: The steps of a pipeline.
        trees: The trees of a forest, or the one of a tree.
    """

    name: str
    op: str
    attributes: Attributes
    inputs: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    nodes: tuple[Node, ...] = ()
    trees: tuple[Tree, ...] = ()

    @classmethod
    def of(
        cls,
        name: str,
        op: str,
        inputs: Mapping[str, str],
        outputs: Mapping[str, str],
        attributes: Mapping[str, Any] | None = None,
        trees: tuple[Tree, ...] = (),
    ) -> Node:
        """A step that a writer makes."""
        return cls(name, op, Attributes(attributes or {}, f"{name}.node/model.json"), inputs, outputs, trees=trees)

    @classmethod
    def pipeline(cls, name: str, nodes: tuple[Node, ...]) -> Node:
        """A step that is several."""
        listed = {"nodes": {"string": [node.name for node in nodes], "type": "list"}}
        return cls(name, "pipeline", Attributes(listed, f"{name}.node/model.json"), nodes=nodes)

    def steps(self) -> Iterator[Node]:
        """Every step that is no pipeline, in order."""
        if self.op != "pipeline":
            yield self
        for node in self.nodes:
            yield from node.steps()

    def input(self, *ports: str) -> str:
        """The column at the first of these ports that is there."""
        return self._column("input", self.inputs, ports)

    def output(self, *ports: str) -> str:
        """The column at the first of these ports that is there."""
        return self._column("output", self.outputs, ports)

    def _column(self, kind: str, sockets: Mapping[str, str], ports: tuple[str, ...]) -> str:
        for port in ports:
            if port in sockets:
                return sockets[port]
        place = self.attributes.place.replace("model.json", "node.json")
        raise InvalidModelError(
            f"{place}: the {self.op} has no {kind} {ports[0]!r}, but {', '.join(sockets) or 'none'}"
        )

    def several(self) -> tuple[list[str], list[str]]:
        """The columns that it reads and writes pairwise: `input0` to `output0` and so on, or `input` to `output`."""
        if "input" in self.inputs:
            return [self.inputs["input"]], [self.output("output")]
        count = sum(port.startswith("input") for port in self.inputs)
        numbered = range(max(count, 1))
        return [self.input(f"input{at}") for at in numbered], [
            self.output(f"output{at}", *_alone(at, count)) for at in numbered
        ]

    def listed(self) -> list[str]:
        """The columns that it reads together, in the order of their ports."""
        if "input" in self.inputs:
            return [self.inputs["input"]]
        return [self.input(f"input{at}") for at in range(max(len(self.inputs), 1))]


def _alone(at: int, count: int) -> tuple[str, ...]:
    return ("output",) if at == 0 and count == 1 else ()

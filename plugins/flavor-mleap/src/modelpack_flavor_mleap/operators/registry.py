"""Which operators there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelpack.errors import InvalidModelError
from modelpack_flavor_mleap.operators import encoding, forests, linear, scaling, text, vectors

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from modelpack_flavor_mleap.node import Node
    from modelpack_flavor_mleap.operators.step import Step

OPERATORS: Mapping[str, Callable[[Node], Step]] = {
    **encoding.OPERATORS,
    **scaling.OPERATORS,
    **vectors.OPERATORS,
    **text.OPERATORS,
    **linear.OPERATORS,
    **forests.OPERATORS,
}


def step(node: Node) -> Step:
    """What a step of a bundle does.

    Raises:
        InvalidModelError: The operator is not known, or its attributes cannot be used.
    """
    operator = OPERATORS.get(node.op)
    if operator is None:
        raise InvalidModelError(
            f"{node.attributes.place}: the operator {node.op!r} cannot be scored in Python",
            hint=f"these can: {', '.join(sorted(OPERATORS))}",
        )
    return operator(node)

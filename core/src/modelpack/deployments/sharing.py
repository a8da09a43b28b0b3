"""What the verbs of one call share, such as a client with its connections and its tokens."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

OptionsT = TypeVar("OptionsT")
SharedT = TypeVar("SharedT")


class Shared(Generic[OptionsT, SharedT]):
    """Makes something of a target's options, once for each call of modelpack's.

    A call such as `modelpack.deploy` asks a target for several verbs, and again and again how far the platform is; it
    gives the same object of options each time. What was made of it is forgotten with that object.

    Example:
        ```python
        connections = Shared(lambda options: Connections(options.region))

        class Account:
            def __init__(self, options):
                self.clients = connections.of(options)
        ```
    """

    def __init__(self, make: Callable[[OptionsT], SharedT]) -> None:
        """Share what a function makes.

        Args:
            make: Answers it for options. What it answers must not hold the options, or they are never forgotten.
        """
        self._make = make
        self._made: dict[int, SharedT] = {}

    def of(self, options: OptionsT) -> SharedT:
        """What belongs to these options: to this object, not to an equal one."""
        key = id(options)
        if key not in self._made:
            self._made[key] = self._make(options)
            weakref.finalize(options, self._made.pop, key, None).atexit = False
        return self._made[key]

"""What a request's path is called in metrics and traces: never the path itself, of which there is no end."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from starlette.routing import Route

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from starlette.routing import BaseRoute

OTHER = "other"
_LONGEST = 200


def route_names(routes: Iterable[BaseRoute], hot: Iterable[str]) -> Callable[[str], str]:
    """A function from a path to the template of the route that answers it, such as `/v2/models/{name}/infer`.

    Args:
        routes: The routes that Starlette knows, in its order.
        hot: Paths that are looked up before; those that no template describes are their own.
    """
    templates = [(route.path_regex, route.path) for route in routes if isinstance(route, Route)]
    fixed = frozenset(hot)

    @lru_cache(maxsize=256)
    def name(path: str) -> str:
        found = (template for pattern, template in templates if pattern.match(path))
        return next(found, path if path in fixed else OTHER)

    return lambda path: name(path) if len(path) <= _LONGEST else OTHER

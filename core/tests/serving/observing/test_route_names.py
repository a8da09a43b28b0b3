from __future__ import annotations

import pytest
from starlette.responses import Response
from starlette.routing import Route

from modelpack.serving.observing.route_names import route_names

ROUTES = [
    Route("/ping", Response()),
    Route("/v2/models/{name}", Response()),
    Route("/v2/models/{name}/infer", Response()),
]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/ping", "/ping"),
        ("/invocations", "/invocations"),
        ("/v2/models/iris", "/v2/models/{name}"),
        ("/v2/models/iris/infer", "/v2/models/{name}/infer"),
        ("/v2/models/another/infer", "/v2/models/{name}/infer"),
        ("/wp-admin.php", "other"),
        ("/v2/models/" + "x" * 1000, "other"),
    ],
)
def test_a_path_is_called_by_its_route(path: str, name: str) -> None:
    """However many paths are asked for, the names are few."""
    names = route_names(ROUTES, ["/invocations", "/v2/models/iris/infer"])
    assert names(path) == name
    assert names(path) == name

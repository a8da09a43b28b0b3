from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from modelpack.serving.health import health, ping


@pytest.mark.parametrize(
    ("ready", "exhausted", "lives", "takes"),
    [(True, False, 200, 200), (False, False, 200, 503), (False, True, 503, 503)],
    ids=["well", "warming up", "hanging"],
)
def test_liveness_and_readiness_are_told_apart(*, ready: bool, exhausted: bool, lives: int, takes: int) -> None:
    """A process that warms up lives; one whose model does not return is to be replaced."""
    engine: Any = SimpleNamespace(ready=ready, exhausted=exhausted)
    client = TestClient(Starlette(routes=[Route("/ping", ping(engine)), Route("/health", health(engine))]))
    for path, status in (("/ping", lives), ("/health", takes)):
        response = client.get(path)
        assert response.status_code == status
        assert response.headers["content-type"] == "application/json"
        if status == 200:
            assert response.text == "\n"
        else:
            assert response.json()["error_code"] == "TEMPORARILY_UNAVAILABLE"
            assert response.headers["retry-after"] == "1"

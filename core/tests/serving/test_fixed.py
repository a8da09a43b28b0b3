from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from modelpack.serving.fixed import Fixed, fixed_json


def test_the_body_is_made_once() -> None:
    """And not before somebody asks."""
    made: list[int] = []

    def make() -> bytes:
        made.append(1)
        return b"text"

    app = Starlette(routes=[Route("/", Fixed(make, "text/plain", {"X-More": "yes"}).__call__)])
    assert not made
    with TestClient(app) as client:
        answers = [client.get("/") for _ in range(3)]
    assert [answer.text for answer in answers] == ["text"] * 3
    assert answers[0].headers["x-more"] == "yes"
    assert len(made) == 1


@pytest.mark.parametrize("known", ["{tag}", 'W/"other", {tag}', "*"])
def test_a_client_that_has_the_body_gets_none(known: str) -> None:
    """However it says so."""
    app = Starlette(routes=[Route("/", fixed_json(lambda: {"a": 1}))])
    with TestClient(app) as client:
        tag = client.get("/").headers["etag"]
        again = client.get("/", headers={"If-None-Match": known.format(tag=tag)})
        other = client.get("/", headers={"If-None-Match": '"other"'})
    assert (again.status_code, again.content) == (304, b"")
    assert (other.status_code, other.json()) == (200, {"a": 1})

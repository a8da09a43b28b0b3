"""The paths of the protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from modelpack import __version__

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("/v2", {"name": "modelpack", "version": __version__, "extensions": ["binary_tensor_data", "parameters"]}),
        ("/v2/health/live", {"live": True}),
        ("/v2/health/ready", {"ready": True}),
        ("/v2/models/m/ready", {"name": "m", "ready": True}),
        ("/v2/models/m/versions/1/ready", {"name": "m", "ready": True}),
        ("/v1/models", {"models": ["m"]}),
        ("/v1/models/m", {"name": "m", "ready": True}),
    ],
)
def test_a_server_tells_of_itself(serve: Callable[..., Any], path: str, content: dict[str, Any]) -> None:
    """GET answers what the protocol says; HEAD the same without the content."""
    client = serve().client
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.json() == content
    assert client.head(path).status_code == 200


def test_the_metadata_stands_under_the_version_too(serve: Callable[..., Any]) -> None:
    """A model has one version."""
    client = serve().client
    assert client.get("/v2/models/m").json() == client.get("/v2/models/m/versions/1").json()


@pytest.mark.parametrize(
    ("method", "path", "status", "message"),
    [
        ("GET", "/v2/models/other", 404, "there is no model 'other'; this server has 'm'"),
        ("GET", "/v2/models/other/ready", 404, "there is no model 'other'; this server has 'm'"),
        ("POST", "/v2/models/other/infer", 404, "there is no model 'other'; this server has 'm'"),
        ("GET", "/v2/models/m/versions/2", 404, "there is no version '2' of the model 'm'; this server has '1'"),
        ("POST", "/v2/models/m/versions/2/infer", 404, "there is no version '2' of the model 'm'; this server has '1'"),
        ("GET", "/v2/models/m/config", 404, "there is nothing at /v2/models/m/config"),
        ("POST", "/v2/repository/models/m/load", 404, "there is nothing at /v2/repository/models/m/load"),
        ("GET", "/v2/models/m/infer", 405, "/v2/models/m/infer does not take GET"),
        ("POST", "/v2/health/live", 405, "/v2/health/live does not take POST"),
        ("POST", "/v1/models/other:predict", 404, "there is no model 'other'; this server has 'm'"),
    ],
)
def test_what_is_not_there_is_told_in_the_protocol(
    serve: Callable[..., Any], method: str, path: str, status: int, message: str
) -> None:
    """Clients look for the key `error`."""
    answer = serve().client.request(method, path)
    assert answer.status_code == status
    assert answer.json() == {"error": message}


def test_the_model_repository_lists_the_one_model(serve: Callable[..., Any]) -> None:
    """As Triton's index does."""
    answer = serve().client.post("/v2/repository/index")
    assert answer.json() == [{"name": "m", "version": "1", "state": "READY", "reason": ""}]

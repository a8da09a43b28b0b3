from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest

from modelpack.errors import InvalidArgumentError
from modelpack.serving.api_keys import ApiKeys, check_key_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KEYS = "# of the batch jobs\nfirst-key\n\n  second-key  \r\n"


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    """A file with two keys, for its owner alone."""
    file = tmp_path / "keys"
    file.write_text(KEYS)
    file.chmod(0o600)
    return file


@pytest.mark.parametrize(
    "headers",
    [
        {b"authorization": b"Bearer first-key"},
        {b"authorization": b"bearer  second-key "},
        {b"x-api-key": b"second-key"},
        {b"authorization": b"Basic Zm9vOmJhcg==", b"x-api-key": b"first-key"},
    ],
)
def test_any_of_the_keys_is_accepted(key_file: Path, headers: dict[bytes, bytes]) -> None:
    """In either header; another scheme of `Authorization` is not looked at."""
    assert ApiKeys.from_file(key_file).accept(headers)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {b"authorization": b"Bearer"},
        {b"authorization": b"Bearer "},
        {b"authorization": b"first-key"},
        {b"x-api-key": b"first"},
        {b"x-api-key": b"# of the batch jobs"},
        {b"x-api-key": b""},
        {b"authorization": b"Bearer wrong", b"x-api-key": b"first-key"},
    ],
)
def test_nothing_else_is(key_file: Path, headers: dict[bytes, bytes]) -> None:
    """No part of a key, no comment, and no empty key."""
    assert not ApiKeys.from_file(key_file).accept(headers)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\n# none\n", "has no API key"),
        (b"good\nmy secret\n", "line 2 of"),
        ("schl\u00fcssel\n".encode(), "line 1 of"),
        (b"\xff\xfe", "cannot be read"),
        (b"a" * 1_000_001, "too large"),
    ],
)
def test_a_file_that_holds_no_keys_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    """And what stands in it is not shown."""
    file = tmp_path / "keys"
    file.write_bytes(content)
    with pytest.raises(InvalidArgumentError, match=message) as caught:
        ApiKeys.from_file(file)
    assert "secret" not in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """With the reason."""
    with pytest.raises(InvalidArgumentError, match="No such file"):
        ApiKeys.from_file(tmp_path / "keys")


@pytest.mark.parametrize(("mode", "warned"), [(0o644, True), (0o600, False), (0o640, False)])
def test_a_file_that_all_can_read_is_warned_of(
    key_file: Path, caplog: pytest.LogCaptureFixture, mode: int, *, warned: bool
) -> None:
    """One for the owner and the group is not."""
    key_file.chmod(mode)
    check_key_file(key_file)
    assert ("every user" in caplog.text) == warned


@pytest.mark.parametrize("path", ["/invocations", "/metrics", "/version", "/openapi.json", "/v2", "/nowhere", "/ping/"])
def test_a_request_without_a_key_gets_401(make_client: Callable[..., Any], key_file: Path, path: str) -> None:
    """Whether there is something at its path or not; the challenge says how to come again."""
    response = make_client(api_key_file=key_file).get(path, follow_redirects=False)
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == 'Bearer realm="modelpack"'
    assert "API key" in response.json()["error" if path == "/v2" else "message"]


@pytest.mark.parametrize("path", ["/", "/docs", "/page/style.css", "/ping", "/health", "/v2/health/live"])
def test_health_and_the_page_need_no_key(make_client: Callable[..., Any], key_file: Path, path: str) -> None:
    """Load balancers and browsers have none; they can only look."""
    client = make_client(api_key_file=key_file)
    assert client.get(path).status_code in {200, 404}
    assert client.post(path).status_code == 401


def test_a_request_with_a_key_is_answered(make_client: Callable[..., Any], key_file: Path) -> None:
    """As by a server that asks for none."""
    client = make_client(api_key_file=key_file)
    headers = {"Authorization": "Bearer first-key"}
    assert client.post("/invocations", json={"instances": [[1.0, 0.5]]}, headers=headers).json() == {
        "predictions": [2.5]
    }


def test_keys_are_never_logged(
    make_client: Callable[..., Any], key_file: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Neither right ones nor wrong ones."""
    client = make_client(api_key_file=key_file)
    with caplog.at_level(logging.DEBUG, "modelpack"):
        client.get("/version", headers={"X-API-Key": "first-key"})
        client.get("/version", headers={"X-API-Key": "third-key"})
    out, err = capfd.readouterr()
    assert "GET /version 401" in err
    assert "first-key" not in out + err + caplog.text
    assert "third-key" not in out + err + caplog.text

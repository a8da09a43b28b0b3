from __future__ import annotations

import re
from importlib.resources import files
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from starlette.testclient import TestClient

STATIC = files("modelpack.serving.page") / "static"
FILES = sorted(each.name for each in STATIC.iterdir())
REFERENCE = re.compile(r"""(?:src|href)="([^"#]+)"|from "\./([^"]+)\"""")


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_the_pages_run_no_code_but_their_own(client: TestClient, path: str) -> None:
    """Their policy lets nothing in from elsewhere, nothing inline, and no frame around them."""
    response = client.get(path)
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    policy = dict(part.strip().split(" ", 1) for part in response.headers["content-security-policy"].split(";"))
    assert policy.pop("img-src") == "'self' data:"
    assert {policy.pop(name) for name in ("script-src", "style-src", "connect-src")} == {"'self'"}
    assert set(policy) == {"default-src", "form-action", "frame-ancestors", "base-uri"}
    assert set(policy.values()) == {"'none'"}
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["referrer-policy"] == "no-referrer"
    assert response.headers["x-frame-options"] == "DENY"


@pytest.mark.parametrize("name", FILES)
def test_every_file_refers_to_this_server_alone(client: TestClient, name: str) -> None:
    """The pages work without the Internet, and behind any prefix: each reference is relative, and leads somewhere."""
    text = (STATIC / name).read_text("utf-8")
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", text.replace('"http://', ""))
    for outer, inner in REFERENCE.findall(text):
        path = f"/page/{inner}" if inner else f"/{outer.removeprefix('./')}"
        assert not outer.startswith("/")
        assert client.get(path).status_code == 200, path


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith((".js", ".html"))])
def test_no_markup_is_made_of_data(name: str) -> None:
    """Data reaches the page as text, so that a column's name cannot be a script."""
    text = (STATIC / name).read_text("utf-8")
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text)
    assert not re.search(r"<[^>]+\s(?:style|on\w+)=", text)
    assert "<style" not in text


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("style.css", "text/css; charset=utf-8"),
        ("page.js", "text/javascript; charset=utf-8"),
        ("icon.svg", "image/svg+xml"),
    ],
)
def test_files_have_their_media_types(client: TestClient, name: str, media_type: str) -> None:
    """Browsers run no script of another type."""
    assert client.get(f"/page/{name}").headers["content-type"] == media_type


@pytest.mark.parametrize("path", ["/page/", "/page/nothing.js", "/page/../settings.py", "/page/..%2froutes.py"])
def test_there_are_no_other_files(client: TestClient, path: str) -> None:
    """Only the pages' own are served."""
    assert client.get(path).status_code == 404


def test_the_pages_are_there_without_a_key(make_client: Callable[..., TestClient], tmp_path: Path) -> None:
    """They ask for it themselves; what tells of the model does not come without."""
    keys = tmp_path / "keys"
    keys.write_text("secret\n")
    keys.chmod(0o600)
    client = make_client(api_key_file=keys)
    for path in ("/", "/docs", "/page/page.js", "/page/style.css"):
        assert client.get(path).status_code == 200
    for path in ("/model", "/openapi.json"):
        assert client.get(path).status_code == 401
        assert client.get(path, headers={"Authorization": "Bearer secret"}).status_code == 200


def test_files_are_kept_by_browsers(client: TestClient) -> None:
    """They ask whether a file has changed, and get it only then."""
    first = client.get("/page/page.js")
    assert first.headers["cache-control"] == "no-cache"
    again = client.get("/page/page.js", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]

"""From a URI to a local path."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from modelpack.errors import InvalidArgumentError, MissingDependencyError, ModelpackError, NotFoundError, PluginError
from modelpack.stores.resolve import fetch

RESOLVER = "from pathlib import Path\ndef fetch(uri):\n    return Path({path!r})\n"


def test_a_local_path_is_taken_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Relative or absolute, text or Path, a file or a directory, whatever characters it has."""
    odd = tmp_path / "a b%20ü#?&"
    odd.mkdir()
    monkeypatch.chdir(tmp_path)
    assert fetch(str(odd)) == fetch(odd) == odd
    assert fetch(odd.name) == Path(odd.name)


def test_a_file_uri_is_decoded_once(tmp_path: Path) -> None:
    """`%2520` means the text `%20`; decoding it twice would name another file (CVE-2023-6831 and its like)."""
    (tmp_path / "a%20b c").mkdir()
    assert fetch(f"file://{tmp_path}/a%2520b%20c") == tmp_path / "a%20b c"
    assert fetch(f"file:{tmp_path}") == fetch(f"FILE://localhost{tmp_path}") == tmp_path
    with pytest.raises(NotFoundError):
        fetch(f"file://{tmp_path}/a%252520b%20c")


@pytest.mark.parametrize(
    "uri",
    [
        "file://evil.example/etc/passwd",
        "file:relative/path",
        "file:///tmp?query",
        "file:///tmp#../../etc",
        "file:///tmp%00x",
        "",
        "a\0b",
        "C:\\models\\wine",
        "c:/models/wine",
        "\\\\server\\share\\wine",
    ],
)
def test_malformed_uris_are_refused(uri: str) -> None:
    """Other hosts, queries, fragments, null characters, drives and shares."""
    with pytest.raises(InvalidArgumentError):
        fetch(uri)


@pytest.mark.parametrize("uri", ["/no/such/place", "no-such-place", "file:///no/such/place", Path("nowhere")])
def test_what_is_not_there_is_named(uri: str | Path) -> None:
    """The error shows what was asked for."""
    with pytest.raises(NotFoundError, match=r"no file or directory .*no"):
        fetch(uri)


def test_a_scheme_that_nothing_opens_is_an_error() -> None:
    """The message names the scheme."""
    with pytest.raises(InvalidArgumentError, match="nothing that is installed opens gopherx: URIs"):
        fetch("gopherx://somewhere/model")


def test_a_scheme_whose_package_is_missing_says_what_to_install() -> None:
    """Fsspec knows the scheme; the package for it is not there."""
    with pytest.raises(MissingDependencyError) as caught:
        fetch("s3://bucket/model")
    assert caught.value.hint == "pip install s3fs"


def test_a_plugin_resolves_its_scheme(tmp_path: Path, site: Any) -> None:
    """The entry point's function is called with the URI as it was given."""
    site.install(
        "modelpack-store-shelf",
        {"modelpack.stores": {"shelf": "shelf:fetch"}},
        files={"shelf.py": RESOLVER.format(path=str(tmp_path))},
    )
    assert fetch("shelf:/wine") == tmp_path


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("raise ValueError('no')", r"\(modelpack-store-shelf 1\.0\) cannot be imported: no"),
        ("def fetch(uri):\n    return uri", "answered 'shelf:/wine', which is no path"),
    ],
    ids=["broken on import", "a text for a path"],
)
def test_a_broken_plugin_is_named(site: Any, text: str, message: str) -> None:
    """With its distribution and version."""
    site.install("modelpack-store-shelf", {"modelpack.stores": {"shelf": "shelf:fetch"}}, files={"shelf.py": text})
    with pytest.raises(PluginError, match=message):
        fetch("shelf:/wine")


def test_two_plugins_for_one_scheme_are_named(site: Any) -> None:
    """Neither is chosen."""
    for name in ("one", "two"):
        site.install(
            f"modelpack-store-{name}", {"modelpack.stores": {"shelf": f"{name}:fetch"}}, files={f"{name}.py": ""}
        )
    with pytest.raises(PluginError, match="modelpack-store-one and modelpack-store-two"):
        fetch("shelf:/wine")


def test_runs_are_resolved_by_core() -> None:
    """`runs:/` needs no further package; a run that is not there is an error of modelpack."""
    with pytest.raises(ModelpackError):
        fetch("runs:/0123456789abcdef0123456789abcdef/model")

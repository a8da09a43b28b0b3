from __future__ import annotations

from pathlib import Path

import pytest

from modelpack.errors import InvalidArgumentError
from modelpack.images.oci.references import LayoutReference, RegistryReference, parse_reference

DIGEST = "sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("python", "docker.io/library/python:latest"),
        ("python:3.11-slim", "docker.io/library/python:3.11-slim"),
        ("team/model:1", "docker.io/team/model:1"),
        ("index.docker.io/library/python:3", "docker.io/library/python:3"),
        ("docker://quay.io/team/model:1", "quay.io/team/model:1"),
        ("localhost/model", "localhost/model:latest"),
        ("registry:5000/model:1", "registry:5000/model:1"),
        ("[::1]:5000/a/b/c:1", "[::1]:5000/a/b/c:1"),
        (f"python@{DIGEST}", f"docker.io/library/python@{DIGEST}"),
        (f"python:3@{DIGEST}", f"docker.io/library/python:3@{DIGEST}"),
    ],
)
def test_name_is_read_as_docker_reads_it(text: str, meant: str) -> None:
    """Registry, `library/` and tag are filled in as `docker pull` does."""
    assert str(parse_reference(text)) == meant


@pytest.mark.parametrize(
    "text",
    ["", "Python", "a//b", "a:", "a:b c", "a@sha256:123", "a@", "-a", "https://registry/a", "a/../b", "a:b/c", "é"],
)
def test_what_is_no_name_is_refused(text: str) -> None:
    """Nothing that could change the address of a request passes as a name."""
    with pytest.raises(InvalidArgumentError, match="is no name of an image"):
        parse_reference(text)


def test_digest_decides_over_the_tag() -> None:
    """With both, the registry is asked for the digest."""
    assert RegistryReference.parse(f"python:3@{DIGEST}").version == DIGEST


@pytest.mark.parametrize(
    ("registry", "loopback"),
    [
        ("127.0.0.1:5000", True),
        ("127.9.9.9", True),
        ("[::1]:5000", True),
        ("localhost:5000", True),
        ("localhost.evil.example", False),
        ("10.0.0.1:5000", False),
        ("registry:5000", False),
    ],
)
def test_loopback_is_told_from_other_hosts(registry: str, loopback: bool) -> None:  # noqa: FBT001 - a table's column
    """HTTP is spoken unasked to this machine alone."""
    assert RegistryReference.parse(f"{registry}/model").is_loopback is loopback


def test_layout_is_named_by_its_path_and_a_name(tmp_path: Path) -> None:
    """What follows the path is a name, unless a file is called so."""
    assert parse_reference(f"oci:{tmp_path}:1.0") == LayoutReference(tmp_path, "1.0")
    odd = tmp_path / "a:b"
    odd.mkdir()
    assert parse_reference(f"oci-archive:{odd}") == LayoutReference(odd)
    assert parse_reference("docker-archive:images.tar:team/model:1") == LayoutReference(
        Path("images.tar"), "team/model:1"
    )


def test_layout_needs_a_path() -> None:
    """`oci:` alone means nothing."""
    with pytest.raises(InvalidArgumentError, match="names no path"):
        parse_reference("oci:")

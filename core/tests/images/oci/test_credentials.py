from __future__ import annotations

import base64
import json
import sys
from pathlib import Path

import pytest

from modelpack.errors import InvalidArgumentError
from modelpack.images.oci.credentials import Credentials, find_credentials

ADA = {"auth": base64.b64encode(b"ada:s3:cret").decode()}


def _configured(directory: Path, **content: object) -> dict[str, str]:
    (directory / "config.json").write_text(json.dumps(content))
    return {"DOCKER_CONFIG": str(directory)}


def _helper(directory: Path, monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    """Put a helper called `test` on the path."""
    helper = directory / "docker-credential-test"
    helper.write_text(f"#!{sys.executable}\nimport json, sys\nasked = sys.stdin.read()\n{program}\n")
    helper.chmod(0o755)
    monkeypatch.setenv("PATH", str(directory))


@pytest.mark.parametrize("name", ["quay.io", "https://quay.io", "https://quay.io/v2/"])
def test_login_is_found_by_the_host(tmp_path: Path, name: str) -> None:
    """Docker and others write the host in several ways; a password may have a colon."""
    found = find_credentials("quay.io", _configured(tmp_path, auths={"other.io": {}, name: ADA}))
    assert found == Credentials("ada", "s3:cret")


def test_docker_hub_is_found_by_its_old_address(tmp_path: Path) -> None:
    """`docker login` without a registry writes this."""
    environ = _configured(tmp_path, auths={"https://index.docker.io/v1/": ADA})
    assert find_credentials("docker.io", environ) == Credentials("ada", "s3:cret")


def test_nobody_is_known_where_nothing_is_remembered(tmp_path: Path) -> None:
    """No file, and a file about others, mean a stranger."""
    assert find_credentials("quay.io", {"HOME": str(tmp_path)}) is None
    assert find_credentials("quay.io", _configured(tmp_path, auths={"quay.io.evil.example": ADA})) is None


def test_podman_is_asked_too(tmp_path: Path) -> None:
    """`podman login` writes into the run-time directory, or where `REGISTRY_AUTH_FILE` says."""
    file = tmp_path / "containers" / "auth.json"
    file.parent.mkdir()
    file.write_text(json.dumps({"auths": {"quay.io": ADA}}))
    for environ in ({"XDG_RUNTIME_DIR": str(tmp_path)}, {"REGISTRY_AUTH_FILE": str(file)}):
        assert find_credentials("quay.io", environ) == Credentials("ada", "s3:cret")


@pytest.mark.parametrize("place", [{"credsStore": "test"}, {"credHelpers": {"quay.io": "test"}}], ids=str)
def test_helper_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: dict[str, object]) -> None:
    """The registry goes to its standard input, and the answer is JSON."""
    _helper(tmp_path, monkeypatch, "print(json.dumps({'Username': sys.argv[1], 'Secret': asked}))")
    assert find_credentials("quay.io", _configured(tmp_path, **place)) == Credentials("get", "quay.io")


def test_helper_may_answer_a_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user name `<token>` says that the secret is an identity token."""
    _helper(tmp_path, monkeypatch, "print(json.dumps({'Username': '<token>', 'Secret': 'id'}))")
    assert find_credentials("quay.io", _configured(tmp_path, credsStore="test")) == Credentials("", "", "id")


def test_helper_may_know_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says so in words, and ends with 1."""
    _helper(tmp_path, monkeypatch, "sys.exit(print('credentials not found in native keychain') or 1)")
    assert find_credentials("quay.io", _configured(tmp_path, credsStore="test")) is None


@pytest.mark.parametrize("program", ["print('what')", "print('{}')", "print('[]')", "sys.exit(3)"])
def test_helper_that_answers_nonsense_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    """The person learns which program to look at."""
    _helper(tmp_path, monkeypatch, program)
    with pytest.raises(InvalidArgumentError, match="docker-credential-test gives no credentials for quay"):
        find_credentials("quay.io", _configured(tmp_path, credsStore="test"))


@pytest.mark.parametrize("name", ["absent", "../evil", "/bin/sh"])
def test_helper_that_is_not_there_is_named(tmp_path: Path, name: str) -> None:
    """A name with a path in it names no helper."""
    with pytest.raises(InvalidArgumentError, match=f"docker-credential-{name}, which is not there"):
        find_credentials("quay.io", _configured(tmp_path, credsStore=name))


@pytest.mark.parametrize("text", ["{", "[]", '{"auths": {"quay.io": {"auth": "%%%"}}}'])
def test_file_that_cannot_be_read_is_named(tmp_path: Path, text: str) -> None:
    """A login is not passed over in silence."""
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(InvalidArgumentError, match=r"config\.json"):
        find_credentials("quay.io", {"DOCKER_CONFIG": str(tmp_path)})


def test_password_is_not_printed() -> None:
    """Neither a log nor a traceback shows it."""
    assert "s3cret" not in repr(Credentials("ada", "s3cret", "s3cret"))

"""The program that installs an image's packages."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from modelpack.images import installer


def test_secrets_become_variables_of_pip_and_uv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A value is read, a file is named; what is not given is nothing."""
    monkeypatch.setattr(installer, "SECRETS", tmp_path)
    assert installer.secrets() == {}
    (tmp_path / "PIP_INDEX_URL").write_text("https://me:pw@index/simple\n")
    (tmp_path / "SSL_CERT_FILE").write_text("…")
    assert installer.secrets() == {
        "PIP_INDEX_URL": "https://me:pw@index/simple",
        "UV_DEFAULT_INDEX": "https://me:pw@index/simple",
        **dict.fromkeys(("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE"), str(tmp_path / "SSL_CERT_FILE")),
    }


def test_base_with_another_python_is_refused() -> None:
    """Nothing is installed for an interpreter that could not load it."""
    command = [sys.executable, installer.__file__, "2.7", "/nowhere"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 1
    assert "the image needs 2.7: name another with --base" in answer.stderr


def test_settings_of_pip_are_read_by_pip() -> None:
    """No file of pip's is read by uv, so pip installs where one is given."""
    assert installer.installer({"PIP_CONFIG_FILE": "/run/secrets/PIP_CONFIG_FILE"})[1:3] == ["-m", "pip"]


def test_modules_are_compiled_but_not_their_tests(tmp_path: Path) -> None:
    """An image imports without compiling, and carries nothing compiled that is never imported."""
    for name in ("package/module.py", "package/tests/test_module.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x = 1\n")
    installer.compile_modules(str(tmp_path))
    compiled = sorted(path.relative_to(tmp_path).parts[:-2] for path in tmp_path.rglob("*.pyc"))
    assert compiled == [("package",)]

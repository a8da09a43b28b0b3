"""Build secrets."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelpack.errors import InvalidArgumentError
from modelpack.images.secret_files import secret_arguments

VALUE = "https://me:password@index/simple"


def source(words: list[str]) -> Path:
    """The file that an engine is told."""
    return Path(words[1].partition("src=")[2])


def test_value_is_in_a_private_file_and_no_argument() -> None:
    """Other users see neither the command line nor the file, which is gone when the build is done."""
    with secret_arguments(["PIP_INDEX_URL"], {"PIP_INDEX_URL": VALUE}) as words:
        path = source(words)
        assert words == ["--secret", f"id=PIP_INDEX_URL,src={path}"]
        assert path.read_text() == VALUE
        assert path.parent.stat().st_mode & 0o077 == 0
    assert not path.exists()


def test_files_are_passed_as_they_are(tmp_path: Path) -> None:
    """A variable that holds a path, and a file that is named, are read where they are."""
    (tmp_path / "netrc").write_text("machine index")
    with secret_arguments(["NETRC"], {"NETRC": str(tmp_path / "netrc")}) as words:
        assert source(words) == tmp_path / "netrc"
    with secret_arguments([f"PIP_INDEX_URL={tmp_path / 'netrc'}"], {}) as words:
        assert source(words) == tmp_path / "netrc"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("AWS_SECRET_ACCESS_KEY", "no build secret"),
        ("PIP_INDEX_URL", "not set"),
        ("NETRC=/nowhere/netrc", "no file"),
    ],
)
def test_secret_that_would_have_no_effect_is_refused(given: str, message: str) -> None:
    """A name that nothing reads, a variable that is not set and a file that is not there are mistakes."""
    with pytest.raises(InvalidArgumentError, match=message), secret_arguments([given], {}):
        pass

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from modelpack.data.libraries import require
from modelpack.errors import MissingDependencyError

if TYPE_CHECKING:
    from pathlib import Path


def test_an_installed_library_is_imported() -> None:
    """The module asked for comes back, not its top-level package."""
    assert require("json.decoder", "pandas") is json.decoder


def test_a_missing_library_names_the_extra() -> None:
    """The error says which library is missing and which pip line brings it."""
    with pytest.raises(MissingDependencyError, match="no_such_library is needed") as caught:
        require("no_such_library.sub", "arrow")
    assert caught.value.hint == 'pip install "modelpack-core[arrow]"'


def test_a_broken_library_is_not_called_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A library that is there and lacks one of its own dependencies says so itself."""
    (tmp_path / "broken_library.py").write_text("import its_missing_dependency\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="its_missing_dependency"):
        require("broken_library", "pandas")

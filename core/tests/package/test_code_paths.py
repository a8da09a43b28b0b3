"""The modules that a user saves with a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from modelpack.errors import InvalidArgumentError, ModelpackWarning
from modelpack.package.code_paths import checked_code_paths, copy_code, imported_modules

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A package with all that does not belong into a model."""
    package = tmp_path / "project" / "features"
    for name in ("__init__.py", "text/words.py", "text/words.txt", "__pycache__/x.pyc", "old.pyc", ".git/config"):
        path = package / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    (package / "secret.py").symlink_to(tmp_path / "project" / "helper.py")
    (tmp_path / "project" / "helper.py").write_text("")
    return tmp_path / "project"


def test_files_and_directories_are_copied_without_what_does_not_belong_there(project: Path, tmp_path: Path) -> None:
    """Data files come along; links, bytecode and version control do not."""
    (tmp_path / "model").mkdir()
    copy_code(checked_code_paths([project / "features", str(project / "helper.py")]), tmp_path / "model")
    copied = {
        path.relative_to(tmp_path / "model").as_posix() for path in (tmp_path / "model").rglob("*") if path.is_file()
    }
    assert copied == {
        "code/features/__init__.py",
        "code/features/text/words.py",
        "code/features/text/words.txt",
        "code/helper.py",
    }


def test_a_path_that_is_not_there_is_named(project: Path) -> None:
    """Before anything is written."""
    with pytest.raises(InvalidArgumentError, match=r"absent\.py', which does not exist"):
        checked_code_paths([project / "absent.py"])


def test_two_paths_of_one_name_are_refused(project: Path) -> None:
    """One would hide the other in the model."""
    (project / "other").mkdir()
    (project / "other" / "helper.py").write_text("")
    with pytest.raises(InvalidArgumentError, match=r"only one 'helper\.py'"):
        checked_code_paths([project / "helper.py", project / "other" / "helper.py"])


def test_the_same_path_twice_is_one(project: Path) -> None:
    """Repeating oneself does no harm."""
    assert checked_code_paths([project / "helper.py", f"{project}/features/../helper.py"]) == [project / "helper.py"]


def test_a_single_path_is_a_mistake_with_a_remedy() -> None:
    """A text would be taken for a list of its letters."""
    with pytest.raises(InvalidArgumentError) as caught:
        checked_code_paths("src")
    assert caught.value.hint == "code_paths=['src']"


def test_imports_are_read_from_the_source(tmp_path: Path) -> None:
    """Also inside functions and handlers; relative ones and the code's own modules do not count."""
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "__init__.py").write_text("from . import x\nfrom numpy.linalg import norm\n")
    (tmp_path / "helper.py").write_text(
        "import own.x, yaml.nodes as n\ndef f():\n    try: import orjson\n    except ImportError: pass\n"
    )
    (tmp_path / "template.py").write_text("{{ not python }}")
    assert imported_modules(tmp_path) == {"numpy", "yaml", "orjson"}


def test_a_name_of_the_standard_library_is_a_warning(tmp_path: Path) -> None:
    """Such a module could not be imported from the model; a plain file or directory of that name does no harm."""
    (tmp_path / "statistics.py").write_text("")
    (tmp_path / "test").mkdir()
    with pytest.warns(ModelpackWarning, match="`import statistics` means the standard library's"):
        assert len(checked_code_paths([tmp_path / "statistics.py", tmp_path / "test"])) == 2

"""What stands in the package of a new plugin, without installing it."""

from __future__ import annotations

import ast
import tomllib
from typing import TYPE_CHECKING, Any

import pytest

from modelpack.errors import AlreadyExistsError, InvalidArgumentError
from modelpack.plugins.manager import PluginManager
from modelpack.scaffolding.flavor import new_flavor
from modelpack.scaffolding.target import new_target

if TYPE_CHECKING:
    from pathlib import Path

    from modelpack.scaffolding.licences import Licence

EMPTY = PluginManager(entry_points=lambda _: ())


def project(directory: Path) -> dict[str, Any]:
    """The `[project]` of the package."""
    text = (directory / "pyproject.toml").read_text(encoding="utf-8")
    return dict(tomllib.loads(text)["project"])


def contents(directory: Path) -> dict[str, str]:
    """Every file with its text."""
    files = (path for path in directory.rglob("*") if path.is_file())
    return {path.relative_to(directory).as_posix(): path.read_text(encoding="utf-8") for path in files}


def test_a_package_is_a_complete_distribution(tmp_path: Path) -> None:
    """What an index, an editor and a type checker look for is there, and no placeholder is left."""
    written = new_flavor("acme", tmp_path / "acme", plugins=EMPTY)
    files = contents(tmp_path / "acme")
    assert sorted(files) == written.files
    assert {"pyproject.toml", "README.md", "LICENSE", "src/modelpack_flavor_acme/py.typed"} <= set(files)
    assert not [path for path, text in files.items() if "$" in text or "PACKAGE" in text]
    for path, text in files.items():
        if path.endswith(".py"):
            ast.parse(text)


def test_a_flavor_for_a_library_needs_and_claims_it(tmp_path: Path) -> None:
    """The entry points and dependencies name the library, and no stand-in comes along."""
    new_flavor("acme", tmp_path / "acme", library="acme.trees", distribution="acme-ml>=2", plugins=EMPTY)
    fields = project(tmp_path / "acme")
    assert fields["entry-points"]["modelpack.model_modules"] == {"acme.trees": "modelpack_flavor_acme.flavor:flavor"}
    assert fields["dependencies"][1:] == ["acme-ml>=2"]
    assert not list((tmp_path / "acme" / "src").glob("*centroids*"))


def test_a_flavor_for_a_class_checks_for_it(tmp_path: Path) -> None:
    """What is no object of the class is refused before anything is written."""
    new_flavor("acme", tmp_path / "acme", model_class="acme.trees.Oak", plugins=EMPTY)
    text = (tmp_path / "acme" / "src" / "modelpack_flavor_acme" / "flavor.py").read_text(encoding="utf-8")
    assert "from acme.trees import Oak" in text
    assert 'raise WrongModelError("acme", "an Oak of acme.trees", model)' in text


@pytest.mark.parametrize("licence", ["Apache-2.0", "MIT", "BSD-3-Clause"])
def test_a_licence_stands_in_the_package(licence: Licence, tmp_path: Path) -> None:
    """Its text, and its name in the metadata."""
    new_target("acme", tmp_path / "acme", licence=licence, plugins=EMPTY)
    assert project(tmp_path / "acme")["license"] == licence
    assert project(tmp_path / "acme")["license-files"] == ["LICENSE"]
    assert len((tmp_path / "acme" / "LICENSE").read_text(encoding="utf-8")) > 1000


def test_a_package_without_licence_cannot_be_uploaded(tmp_path: Path) -> None:
    """Indexes refuse the classifier."""
    new_target("acme", tmp_path / "acme", licence="none", plugins=EMPTY)
    fields = project(tmp_path / "acme")
    assert "license" not in fields
    assert "Private :: Do Not Upload" in fields["classifiers"]
    assert not (tmp_path / "acme" / "LICENSE").exists()


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    """A directory that is there, even an empty one, stays as it is."""
    place = tmp_path / "acme"
    place.mkdir()
    with pytest.raises(AlreadyExistsError, match="nothing is ever overwritten"):
        new_flavor("acme", place, plugins=EMPTY)
    assert list(place.iterdir()) == []
    assert [path.name for path in tmp_path.iterdir()] == ["acme"]


def test_a_refused_name_writes_nothing(tmp_path: Path) -> None:
    """Everything is checked before the first file."""
    with pytest.raises(InvalidArgumentError):
        new_flavor("acme", tmp_path / "new" / "acme", library="no module", plugins=EMPTY)
    assert list(tmp_path.iterdir()) == []


def test_where_nothing_can_be_written_nothing_is_left(tmp_path: Path) -> None:
    """A file in the way is named."""
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(InvalidArgumentError, match="cannot save to"):
        new_target("acme", tmp_path / "file" / "acme", plugins=EMPTY)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]

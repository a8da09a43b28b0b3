from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from modelpack.errors import InvalidArgumentError, InvalidModelError, NotFoundError
from modelpack.paths import existing_path
from modelpack.pyfunc.artifacts import artifact_paths, store_artifacts


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """An empty model directory."""
    (tmp_path / "model").mkdir()
    return tmp_path / "model"


def write(path: Path, text: str = "content") -> Path:
    """A file, and the directories above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_keeps_its_name(tmp_path: Path, model: Path) -> None:
    """It lies where MLflow puts it, and its absolute place on this machine is written nowhere."""
    entries = store_artifacts({"weights": write(tmp_path / "w.bin")}, model)
    assert entries == {"weights": {"path": "artifacts/w.bin", "uri": "artifacts/w.bin"}}
    assert (model / "artifacts/w.bin").read_text(encoding="utf-8") == "content"


def test_a_directory_is_copied_as_a_whole(tmp_path: Path, model: Path) -> None:
    """Links in it are replaced by what they stand for, as in a download cache."""
    write(tmp_path / "blobs" / "1", "blob")
    write(tmp_path / "tokenizer" / "deep" / "vocab.txt", "vocab")
    (tmp_path / "tokenizer" / "link.txt").symlink_to(tmp_path / "blobs" / "1")
    entries = store_artifacts({"tokenizer": str(tmp_path / "tokenizer")}, model)
    stored = model / entries["tokenizer"]["path"]
    assert (stored / "deep" / "vocab.txt").read_text(encoding="utf-8") == "vocab"
    assert (stored / "link.txt").read_text(encoding="utf-8") == "blob"
    assert not (stored / "link.txt").is_symlink()


def test_equal_base_names_do_not_collide(tmp_path: Path, model: Path) -> None:
    """Each artifact is kept, even where upper and lower case are the same, or a name looks like a counter."""
    names = {"a": "0", "b": "m.bin", "c": "m.bin", "d": "M.bin"}
    sources = {name: write(tmp_path / name / base, name) for name, base in names.items()}
    entries = store_artifacts(sources, model)
    assert [entry["path"] for entry in entries.values()] == [
        "artifacts/0",
        "artifacts/m.bin",
        "artifacts/1/m.bin",
        "artifacts/2/M.bin",
    ]
    assert {name: (model / entry["path"]).read_text(encoding="utf-8") for name, entry in entries.items()} == {
        name: name for name in sources
    }


def test_one_source_is_stored_once(tmp_path: Path, model: Path) -> None:
    """Two names for one file lead to one copy."""
    source = write(tmp_path / "w.bin")
    entries = store_artifacts({"a": source, "b": source.as_uri()}, model)
    assert entries["a"] == entries["b"]
    assert len(list((model / "artifacts").iterdir())) == 1


def test_a_remote_artifact_keeps_its_uri_without_secrets(model: Path) -> None:
    """Where it came from is worth knowing; user, password and signature are not for everyone."""
    import fsspec

    with fsspec.open("memory://bucket/w.bin", "wb") as file:
        file.write(b"content")
    entries = store_artifacts({"weights": "memory://bucket/w.bin"}, model)
    assert entries == {"weights": {"path": "artifacts/w.bin", "uri": "memory://bucket/w.bin"}}


@pytest.mark.parametrize(
    ("artifacts", "message"),
    [
        pytest.param({1: "x"}, "has the name 1", id="a name that is a number"),
        pytest.param({"weights": [1.0, 2.0]}, "the artifact 'weights' is a list", id="a value that is no path"),
    ],
)
def test_what_is_no_artifact_is_refused(artifacts: Any, message: str, model: Path) -> None:
    """The message names the artifact."""
    with pytest.raises(InvalidArgumentError, match=message):
        store_artifacts(artifacts, model)


def test_an_artifact_that_is_not_there_is_named(model: Path) -> None:
    """The path stands in the message."""
    with pytest.raises(NotFoundError, match=r"missing\.bin"):
        store_artifacts({"weights": "missing.bin"}, model)


def test_paths_are_absolute_and_inside_the_model(tmp_path: Path, model: Path) -> None:
    """What a model is given needs no working directory; no copy is made."""
    conf = store_artifacts({"weights": write(tmp_path / "w.bin")}, model)
    paths = artifact_paths(conf, lambda path: existing_path(model, path))
    assert paths == {"weights": str((model / "artifacts/w.bin").resolve())}
    assert artifact_paths(None, lambda path: existing_path(model, path)) == {}


@pytest.mark.parametrize(
    "entry", [{}, {"path": None}, "artifacts/w.bin", {"path": "/etc/passwd"}, {"path": "../w.bin"}]
)
def test_a_path_that_leads_nowhere_or_out_is_refused(entry: Any, model: Path) -> None:
    """A model names its own files only."""
    with pytest.raises(InvalidModelError):
        artifact_paths({"weights": entry}, lambda path: existing_path(model, path))

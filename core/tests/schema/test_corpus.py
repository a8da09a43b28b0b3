from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from modelpack.errors import InvalidModelError
from modelpack.schema.mlmodel import MLmodel
from modelpack.schema.signature_json import signature_from_mapping

if TYPE_CHECKING:
    from pathlib import Path


def _as_text(value: Any) -> Any:
    """The one normalisation beside the signature's: versions are text."""
    if isinstance(value, dict):
        return {
            key: str(item) if key.endswith("version") and isinstance(item, float) else _as_text(item)
            for key, item in value.items()
        }
    return value


def test_nothing_is_lost_by_reading_and_writing(corpus_file: Path, tmp_path: Path) -> None:
    """A real file, read, saved and read by a plain YAML reader, holds what it held; its signature means the same."""
    model = MLmodel.load(corpus_file)
    model.save(tmp_path)
    written = yaml.safe_load((tmp_path / "MLmodel").read_text(encoding="utf-8"))
    original = yaml.safe_load(corpus_file.read_bytes())
    signature = original.pop("signature", None)
    rewritten = written.pop("signature", None)
    assert written == _as_text(original)
    assert (rewritten is None) == (signature is None)
    if signature is not None:
        assert signature_from_mapping(rewritten) == signature_from_mapping(signature) == model.signature


def test_a_second_rewrite_changes_nothing(corpus_file: Path) -> None:
    """What modelpack has written it writes again, byte for byte."""
    model = MLmodel.load(corpus_file)
    again = MLmodel.from_yaml(model.to_yaml())
    assert again == model
    assert again.to_yaml() == model.to_yaml()


def test_the_creation_time_is_understood(corpus_file: Path) -> None:
    """Every way in which the time was written is understood, but for the one of R that is no time."""
    model = MLmodel.load(corpus_file)
    written = model.utc_time_created or (model.model_extra or {}).get("time_created")
    understood = model.created is not None
    assert understood == (written is not None and str(written)[:2] in {"20", "15"})


def test_odd_files_are_refused(odd_file: Path) -> None:
    """A file of that name which describes no model is refused, and named."""
    with pytest.raises(InvalidModelError, match="MLmodel"):
        MLmodel.load(odd_file)

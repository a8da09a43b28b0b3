"""Model files that are not whole, or not XGBoost's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xgboost

import modelpack
from modelpack.errors import InvalidModelError, ModelpackError
from modelpack_flavor_xgboost import files


@pytest.fixture(scope="module")
def booster() -> Any:
    """A small one."""
    rows = np.random.default_rng(0).normal(size=(30, 2))
    return xgboost.train({"max_depth": 2, "nthread": 1}, xgboost.DMatrix(rows, rows[:, 0]), 2)


def test_whole_files_are_read(booster: Any, tmp_path: Path) -> None:
    """In both formats, to the last byte."""
    for form in ("ubj", "json"):
        raw = bytes(booster.save_raw(form))
        (tmp_path / "model").write_bytes(raw)
        assert files.content(tmp_path / "model") == raw


def test_every_cut_is_noticed(booster: Any, tmp_path: Path) -> None:
    """XGBoost's own reader would end the process, or fill the memory."""
    raw = bytes(booster.save_raw("ubj"))
    path = tmp_path / "model.ubj"
    for length in range(len(raw)):
        path.write_bytes(raw[:length])
        with pytest.raises(InvalidModelError, match=r"model\.ubj"):
            files.content(path)
    path.write_bytes(raw + b"}")
    with pytest.raises(InvalidModelError, match=r"cut off or damaged"):
        files.content(path)


def test_lengths_that_lie_are_noticed(booster: Any, tmp_path: Path) -> None:
    """Longer than the file, or negative."""
    raw = bytearray(booster.save_raw("ubj"))
    place = raw.index(b"#L") + 2
    for lie in (b"\x7f" + b"\xff" * 7, b"\xff" * 8):
        raw[place : place + 8] = lie
        (tmp_path / "model.ubj").write_bytes(raw)
        with pytest.raises(InvalidModelError, match="cut off or damaged"):
            files.content(tmp_path / "model.ubj")


def test_deep_nesting_is_refused(tmp_path: Path) -> None:
    """No model nests more than a few levels, and the walk is no way to exhaust the stack."""
    (tmp_path / "model.ubj").write_bytes(b"{L" + (1).to_bytes(8, "big") + b"a" + b"[" * 100_000)
    with pytest.raises(InvalidModelError, match="cut off or damaged"):
        files.content(tmp_path / "model.ubj")


def test_the_old_binary_format_is_named(booster: Any, tmp_path: Path) -> None:
    """XGBoost 3.1 gave it up; the error says which release still converts it."""
    modelpack.save_model(booster, tmp_path / "model")
    (tmp_path / "model" / "MANIFEST.sha256").unlink()
    (tmp_path / "model" / "model.ubj").write_bytes(b"binf" + b"\x00" * 200)
    with pytest.raises(ModelpackError) as raised:
        modelpack.load_model(tmp_path / "model")
    if tuple(map(int, xgboost.__version__.split(".")[:2])) >= (3, 1):
        assert "old binary format" in raised.value.message
        assert "xgboost<3.1" in str(raised.value.hint)

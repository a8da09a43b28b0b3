"""What runs when a model of somebody else is loaded: nothing for its MOJO, anything for H2O's own file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import modelpack
from modelpack.errors import TrustError
from modelpack.package.load import open_model, trust_reasons
from modelpack.plugins.manager import PluginManager


def test_strangers_mojo_is_scored(saved: Path, rows: pd.DataFrame, stranger: Callable[[], None]) -> None:
    """It holds tables; the native model, and H2O's view of it, need trust."""
    stranger()
    answer = modelpack.pyfunc.load_model(saved).predict(rows)
    assert list(answer.columns) == ["predict", "no", "yes"]
    for load in (
        lambda: modelpack.load_model(saved),
        lambda: modelpack.pyfunc.load_model(saved, view="binary"),
        lambda: modelpack.load_model(saved, view="mojo"),
    ):
        with pytest.raises(TrustError, match="Java's deserialization"):
            load()
    assert len(modelpack.pyfunc.load_model(saved, view="binary", trust=True).predict(rows)) == len(rows)


def test_stranger_cannot_say_how_java_is_started(
    binomial: Any, rows: pd.DataFrame, tmp_path: Path, stranger: Callable[[], None]
) -> None:
    """`init` could hold a program to run; the MOJO's view does not look at it."""
    ran = tmp_path / "ran"
    init = {"jvm_custom_args": [f"-XX:OnOutOfMemoryError=touch {ran}", "-Xmx1m"], "url": "http://127.0.0.1:9"}
    modelpack.save_model(binomial, tmp_path / "model", settings={"init": init}, signature=False)
    stranger()
    modelpack.pyfunc.load_model(tmp_path / "model").predict(rows)
    with pytest.raises(TrustError, match="how Java is started"):
        modelpack.load_model(tmp_path / "model")
    assert not ran.exists()


def test_model_without_a_mojo_needs_trust_in_every_view(saved: Path, stranger: Callable[[], None]) -> None:
    """Such as MLflow's."""
    stranger()
    (saved / "MANIFEST.sha256").unlink()
    file = saved / "MLmodel"
    file.write_text(
        file.read_text(encoding="utf-8").replace("    mojo: model.h2o/binomial.zip\n", ""), encoding="utf-8"
    )
    with pytest.raises(TrustError, match="Java's deserialization"):
        modelpack.pyfunc.load_model(saved)


def test_reasons_are_told_view_by_view(saved: Path) -> None:
    """`modelpack trust` and `modelpack inspect` say them."""
    stored, plugins = open_model(saved), PluginManager()
    assert trust_reasons(stored, "python_function", plugins) == []
    assert len(trust_reasons(stored, "h2o", plugins)) == 1

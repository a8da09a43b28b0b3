from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet
import pytest
from site_packages import TOYBOX

from modelpack.batch import BatchProgress, predict
from modelpack.errors import InvalidArgumentError, PluginError, SchemaError

if TYPE_CHECKING:
    from collections.abc import Callable

    from site_packages import SitePackages

    from modelpack.plugins.manager import PluginManager

ENGINE = (TOYBOX / "toy_engine.py").read_text(encoding="utf-8")
WRAPPER = """
from modelpack import hookimpl
seen = []

@hookimpl(wrapper=True)
def modelpack_score_batch(context):
    seen.append(f"{context.request.engine} scores {context.request.source}")
    result = yield
    seen.append(f"{result.rows} rows")
    return result
"""
MODULE = """
from modelpack import hookimpl
from modelpack.batch.records import BatchResult

@hookimpl
def modelpack_score_batch(context):
    (context.directory / "part-00000.txt").write_text(context.request.source)
    return BatchResult(7)
"""


@pytest.fixture
def plugins(site: SitePackages) -> PluginManager:
    """A manager that knows the toy engine, really installed beside core's own."""
    groups = {"modelpack.engines": {"toy": "toy_engine:engine"}}
    site.install("modelpack-flavor-toy", groups, files={"toy_engine.py": ENGINE})
    return site.plugins()


def test_an_engine_is_found_by_its_name(
    saved: Path, put: Callable[..., Path], tmp_path: Path, plugins: PluginManager
) -> None:
    """It gets the files, checked, and the columns that it needs of them; core publishes what it wrote."""
    put("in/a.parquet", [1])
    put("in/b.parquet", [2], z2=1.0)
    told: list[BatchProgress] = []
    result = predict(
        saved, tmp_path / "in", tmp_path / "out", engine="toy", keep=["id"], plugins=plugins, progress=told.append
    )
    assert result.rows == 2
    assert [state.rows for state in told] == [1, 2]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "_SUCCESS",
        "part-00000.parquet",
        "part-00001.parquet",
    ]
    assert pyarrow.parquet.read_table(tmp_path / "out").to_pydict() == {"id": ["a0", "b0"], "z": [2.5, 4.5]}


def test_its_options_are_checked(saved: Path, put: Callable[..., Path], tmp_path: Path, plugins: PluginManager) -> None:
    """Text becomes what they are; an unknown one is named with the nearest."""
    source = put("a.parquet", [1])
    assert predict(saved, source, tmp_path / "out", engine="toy", plugins=plugins, rounds="3").rows == 3
    message = "the options do not fit the engine 'toy': there is no option 'mastr'; did you mean 'master'"
    with pytest.raises(InvalidArgumentError, match=message):
        predict(saved, source, tmp_path / "more", engine="toy", plugins=plugins, mastr="local[2]")


def test_wrappers_stand_round_it(
    saved: Path, put: Callable[..., Path], tmp_path: Path, site: SitePackages, plugins: PluginManager
) -> None:
    """An audit sees who scores what, and what came of it, for every engine."""
    site.install("acme-audit", {"modelpack.plugins": {"audit": "audit_plugin"}}, files={"audit_plugin.py": WRAPPER})
    source = put("a.parquet", [1])
    predict(saved, source, tmp_path / "toy", engine="toy", plugins=plugins)
    predict(saved, source, tmp_path / "local", plugins=plugins)
    import audit_plugin  # type: ignore[import-not-found]  # installed by this test

    assert audit_plugin.seen == [f"toy scores {source}", "1 rows", f"local scores {source}", "1 rows"]


def test_an_engine_may_find_its_input_itself(saved: Path, tmp_path: Path, plugins: PluginManager) -> None:
    """It has core compare the columns with the signature."""
    assert predict(saved, "toy:sales", tmp_path / "out", engine="toy", keep=["id"], plugins=plugins).rows == 2
    assert pyarrow.parquet.read_table(tmp_path / "out").to_pydict() == {"id": ["s0", "s1"], "z": [2.5, 4.5]}
    with pytest.raises(SchemaError, match="table words: column 'x' should be double, but it is string"):
        predict(saved, "toy:words", tmp_path / "words", engine="toy", plugins=plugins)
    with pytest.raises(SchemaError, match="table sales: missing columns to keep or to partition by: 'place'"):
        predict(saved, "toy:sales", tmp_path / "place", engine="toy", keep=["place"], plugins=plugins)


def test_an_engine_may_publish_its_output_itself(
    saved: Path, put: Callable[..., Path], tmp_path: Path, plugins: PluginManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then core makes no directory."""
    monkeypatch.chdir(tmp_path)
    assert predict(saved, put("a.parquet", [1]), "toy:place", engine="toy", plugins=plugins).rows == 1
    assert [path.name for path in tmp_path.iterdir()] == ["a.parquet"]


def test_a_failure_of_the_engine_names_it(
    saved: Path, put: Callable[..., Path], tmp_path: Path, plugins: PluginManager
) -> None:
    """What it wrote is gone."""
    message = r"'toy' \(modelpack-flavor-toy 1\.0\) could not score the batch: RuntimeError: the cluster is on fire"
    with pytest.raises(PluginError, match=message):
        predict(saved, put("a.parquet", [1]), tmp_path / "out", engine="toy", plugins=plugins, fail=True)
    assert [path.name for path in tmp_path.iterdir()] == ["a.parquet"]


def test_a_module_may_be_an_engine(saved: Path, put: Callable[..., Path], tmp_path: Path, site: SitePackages) -> None:
    """With the hook as its only function."""
    site.install("beam", {"modelpack.engines": {"beam": "beam_engine"}}, files={"beam_engine.py": MODULE})
    source = put("a.parquet", [1])
    assert predict(saved, source, tmp_path / "out", engine="beam", plugins=site.plugins()).rows == 7
    assert (tmp_path / "out" / "part-00000.txt").read_text(encoding="utf-8") == str(source)


def test_a_broken_engine_is_named(saved: Path, put: Callable[..., Path], tmp_path: Path, site: SitePackages) -> None:
    """With its distribution, and what is wrong with it."""
    broken = {"gone": "gone_engine:engine", "empty": "empty_engine:engine", "wrong": "wrong_engine"}
    files = {"empty_engine.py": "engine = 1", "wrong_engine.py": MODULE.replace("BatchResult(7)", "{}")}
    site.install("breaks", {"modelpack.engines": broken}, files=files)
    plugins, source = site.plugins(), put("a.parquet", [1])
    for name, message in {
        "gone": r"engine 'gone' \(breaks 1\.0\) could not be imported",
        "empty": r"engine 'empty' \(breaks 1\.0\) is a int, neither an instance of modelpack\.Engine nor a module",
        "wrong": r"engine 'wrong' \(breaks 1\.0\) answered a dict from modelpack_score_batch",
    }.items():
        with pytest.raises(PluginError, match=message):
            predict(saved, source, tmp_path / "out", engine=name, plugins=plugins)
    assert [path.name for path in tmp_path.iterdir()] == ["a.parquet"]


def test_rows_of_a_table_are_typed_by_the_mildest_value(saved: Path, tmp_path: Path) -> None:
    """Whole numbers fit a column of doubles, unless the policy is strict."""
    pyarrow.parquet.write_table(pa.table({"x": [1, 2], "y": [0.5, 0.5]}), tmp_path / "in.parquet")
    assert predict(saved, tmp_path / "in.parquet", tmp_path / "out").rows == 2
    with pytest.raises(SchemaError, match="column 'x' should be double, but it is int64"):
        predict(saved, tmp_path / "in.parquet", tmp_path / "strict", policy="strict")

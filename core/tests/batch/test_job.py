from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet
import pytest

import modelpack.pyfunc
from modelpack.batch import BatchProgress, predict
from modelpack.batch.local import items as cutting
from modelpack.batch.local.parts import CODECS
from modelpack.data.codecs import codec_for_file, decode
from modelpack.errors import (
    AlreadyExistsError,
    DataFormatError,
    InvalidArgumentError,
    ModelFailureError,
    NotFoundError,
    PluginError,
    SchemaError,
    TrustError,
)
from modelpack.pyfunc.load import load_model
from modelpack.testing.waiting import is_running, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from modelpack.batch.records import OutputFormat

FORMATS: list[OutputFormat] = ["parquet", "csv", "json", "arrow"]


def frame_of(output: Path) -> pd.DataFrame:
    """All parts of an output, in the order of their names."""
    files = sorted(file for file in output.rglob("part-*") if file.is_file())
    return pd.concat([part_frame(file) for file in files], ignore_index=True)


def part_frame(file: Path) -> pd.DataFrame:
    """One part as a frame."""
    frame: pd.DataFrame = decode(file.read_bytes(), codec_for_file(file).media_types[0], signature=None).data
    return frame


def names_in(directory: Path) -> list[str]:
    """What lies in a directory, hidden files too."""
    return sorted(path.name for path in directory.iterdir())


@pytest.mark.parametrize("output", FORMATS)
@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".jsonl", ".arrow", ".arrows", ".json"])
def test_files_of_every_format_are_scored_into_every_other(
    saved: Path, put: Callable[..., Path], tmp_path: Path, suffix: str, output: OutputFormat
) -> None:
    """Kept columns come first, the rows stand in the order of the files and of their rows."""
    put(f"in/b{suffix}", [3, 4])
    put(f"in/a{suffix}", [1, 2])
    result = predict(saved, tmp_path / "in", tmp_path / "out", format=output, keep=["id"], workers=1)
    assert (result.rows, result.failed) == (4, ())
    end = CODECS[output].suffixes[0]
    assert names_in(tmp_path / "out") == ["_SUCCESS", f"part-00000{end}", f"part-00001{end}"]
    frame = frame_of(tmp_path / "out")
    assert frame.to_dict("list") == {"id": ["a0", "a1", "b0", "b1"], "z": [2.5, 4.5, 6.5, 8.5]}


@pytest.mark.parametrize("output", FORMATS)
def test_predictions_stand_alone_unless_columns_are_kept(
    saved: Path, put: Callable[..., Path], tmp_path: Path, output: OutputFormat
) -> None:
    """They have the names that the signature gives them."""
    predict(saved, put("a.csv", [1, 2]), tmp_path / "out", format=output, params={"scale": 10})
    assert frame_of(tmp_path / "out").to_dict("list") == {"z": [25.0, 45.0]}


def test_every_column_may_be_kept(saved: Path, put: Callable[..., Path], tmp_path: Path) -> None:
    """Those that the model takes as well."""
    predict(saved, put("a.csv", [1, 2]), tmp_path / "csv", keep_all=True)
    predict(saved, put("a.parquet", [1, 2]), tmp_path / "parquet", keep_all=True)
    expected = {"id": ["a0", "a1"], "x": [1.0, 2.0], "y": [0.5, 0.5], "z": [2.5, 4.5]}
    assert frame_of(tmp_path / "csv").to_dict("list") == expected
    assert frame_of(tmp_path / "parquet").to_dict("list") == expected


def test_columns_kept_from_text_stay_text(saved: Path, tmp_path: Path) -> None:
    """A code such as 007 is no number, whatever the rows at the start look like."""
    (tmp_path / "in.csv").write_text('code,x,y\n007,1,0.5\n,2,0.5\n"a,b",3,0.5\n', encoding="utf-8")
    predict(saved, tmp_path / "in.csv", tmp_path / "out", keep=["code"])
    column = pyarrow.parquet.read_table(tmp_path / "out")["code"]
    assert column.to_pylist() == ["007", None, "a,b"]


def test_kept_columns_keep_their_arrow_types(saved: Path, tmp_path: Path) -> None:
    """They do not pass through pandas, which would make whole numbers with gaps into floats."""
    table = pa.table(
        {
            "n": pa.array([1, None], pa.int16()),
            "when": pa.array([0, None], pa.timestamp("us", "UTC")),
            "tags": pa.array([["a"], None]),
            "x": [1.0, 2.0],
            "y": [0.5, 0.5],
        }
    )
    pyarrow.parquet.write_table(table, tmp_path / "in.parquet")
    predict(saved, tmp_path / "in.parquet", tmp_path / "out", keep=["tags", "when", "n"])
    made = pyarrow.parquet.read_table(tmp_path / "out")
    assert made.select(["n", "when", "tags"]).cast(table.select(["n", "when", "tags"]).schema) == table.select(
        [0, 1, 2]
    )
    assert [str(kind) for kind in made.schema.types[1:3]] == ["timestamp[us, tz=UTC]", "int16"]


@pytest.mark.parametrize("source", ["in", "in/*.csv", "in/**/*.csv", "file://{}/in"])
def test_a_directory_a_pattern_or_a_uri_names_the_files(
    saved: Path, put: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    """What begins with _ or . is no data."""
    put("in/a.csv", [1])
    put("in/b.csv", [2])
    (tmp_path / "in" / "_SUCCESS").touch()
    (tmp_path / "in" / ".a.csv.crc").touch()
    monkeypatch.chdir(tmp_path)
    assert predict(saved, source.format(tmp_path), "out").rows == 2


def test_files_in_a_store_are_scored(saved: Path, put: Callable[..., Path], tmp_path: Path) -> None:
    """Whatever fsspec opens; the processes read it by themselves."""
    from fsspec.implementations.memory import MemoryFileSystem

    store = MemoryFileSystem()
    for name, value in (("a.parquet", 1), ("b.csv", 2), ("c.jsonl", 3)):
        store.pipe(f"/batch/in/{name}", put(name, [value]).read_bytes())
    try:
        assert predict(saved, "memory://batch/in", tmp_path / "out").rows == 3
        assert frame_of(tmp_path / "out")["z"].tolist() == [2.5, 4.5, 6.5]
    finally:
        store.rm("/batch", recursive=True)


def test_the_model_is_loaded_once_by_each_worker(
    saved: Path, put: Callable[..., Path], tmp_path: Path, loads: Callable[[], list[int]]
) -> None:
    """However many files there are."""
    for number in range(8):
        put(f"in/{number}.csv", [number] * 10)
    assert predict(saved, tmp_path / "in", tmp_path / "out", workers=2).rows == 80
    assert len(loads()) == len(set(loads())) == 2
    assert os.getpid() not in loads()


def test_workers_may_be_programs(
    saved: Path, put: Callable[..., Path], tmp_path: Path, loads: Callable[[], list[int]]
) -> None:
    """Where this process cannot be forked, or where that is asked for."""
    put("in/a.csv", [1])
    put("in/b.csv", [2])
    assert predict(saved, tmp_path / "in", tmp_path / "out", workers=2, start="program").rows == 2
    assert len(set(loads())) == 2
    assert frame_of(tmp_path / "out")["z"].tolist() == [2.5, 4.5]


def test_a_loaded_model_is_loaded_again_where_it_scores(saved: Path, put: Callable[..., Path], tmp_path: Path) -> None:
    """It is trusted as it was, by its digest, and must be the same."""
    model = load_model(saved, trust=True)
    (Path(os.environ["MODELPACK_HOME"]) / "trusted").unlink(missing_ok=True)
    assert predict(model, put("a.csv", [1]), tmp_path / "out").rows == 1


def test_code_of_the_model_runs_only_if_it_is_trusted(saved: Path, put: Callable[..., Path], tmp_path: Path) -> None:
    """The error is the one that loading it raises."""
    with pytest.raises(TrustError):
        predict(saved, put("a.csv", [1]), tmp_path / "out", trust=False)
    assert names_in(tmp_path) == ["a.csv"]


def test_a_large_file_is_scored_in_parts(saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row groups, batches or stretches of lines go to the workers; together the parts are the file."""
    monkeypatch.setattr(cutting, "_FEWEST_BYTES", 2_000)
    monkeypatch.setattr(cutting, "_FEWEST_ROWS", 100)
    monkeypatch.setattr(cutting, "_PIECE", 500)
    count = 1_000
    ids, xs = [f'n"{number}"\n' for number in range(count)], [float(number % 10) for number in range(count)]
    table = pa.table({"id": ids, "x": xs, "y": [0.5] * count})
    pyarrow.parquet.write_table(table, tmp_path / "in.parquet", row_group_size=100)
    with pa.ipc.new_file(tmp_path / "in.arrow", table.schema) as writer:
        writer.write_table(table, max_chunksize=100)
    table.to_pandas().to_csv(tmp_path / "in.csv", index=False)
    table.to_pandas().to_json(tmp_path / "in.jsonl", orient="records", lines=True)
    for name in ("in.parquet", "in.arrow", "in.csv", "in.jsonl"):
        out = tmp_path / f"out-{name}"
        assert predict(saved, tmp_path / name, out, keep=["id"], workers=2).rows == count
        assert len(list(out.glob("part-*"))) >= 5
        frame = frame_of(out)
        assert frame["id"].tolist() == ids
        assert frame["z"].tolist() == [2 * x + 0.5 for x in xs]


def test_progress_tells_rows_and_bytes(saved: Path, put: Callable[..., Path], tmp_path: Path) -> None:
    """A bar can be drawn from it; it ends where the input does."""
    sizes = [put(f"in/{name}.csv", [1, 2, 3]).stat().st_size for name in "ab"]
    seen: list[BatchProgress] = []
    predict(saved, tmp_path / "in", tmp_path / "out", chunk_rows=1, workers=1, progress=seen.append)
    rows = [state.rows for state in seen]
    assert rows == sorted(rows)
    assert seen[-1] == BatchProgress(6, sum(sizes), sum(sizes))


def test_columns_are_compared_with_the_signature_before_anything_is_loaded(
    saved: Path, put: Callable[..., Path], tmp_path: Path, loads: Callable[[], list[int]]
) -> None:
    """Every file that does not fit is named with what is wrong with it."""
    put("in/good.csv", [1])
    (tmp_path / "in" / "renamed.csv").write_text("X,y\n1,2\n", encoding="utf-8")
    (tmp_path / "in" / "words.csv").write_text("x,y\none,2\n", encoding="utf-8")
    pyarrow.parquet.write_table(pa.table({"x": ["a"], "y": [1.0]}), tmp_path / "in" / "text.parquet")
    pyarrow.parquet.write_table(pa.table({"y": [1.0]}), tmp_path / "in" / "short.parquet")
    with pytest.raises(SchemaError) as caught:
        predict(saved, tmp_path / "in", tmp_path / "out")
    message = caught.value.message
    assert message.startswith("4 of 5 files cannot be scored: ")
    for name, problem in {
        "renamed.csv": "missing columns: 'x'",
        "words.csv": "column 'x' should be double, but it holds string such as 'one'",
        "text.parquet": "column 'x' should be double, but it is string",
        "short.parquet": "missing columns: 'x'",
    }.items():
        assert f"{tmp_path}/in/{name}: {problem}" in message
    assert loads() == []
    assert names_in(tmp_path) == ["in"]


@pytest.mark.parametrize(
    ("choices", "error", "message"),
    [
        ({"keep": ["absent"]}, SchemaError, "missing columns to keep or to partition by: 'absent'"),
        ({"partition_by": ["absent"]}, SchemaError, "missing columns to keep or to partition by: 'absent'"),
        ({"keep": ["z"]}, InvalidArgumentError, "columns to keep have the names of predictions: 'z'"),
        ({"keep_all": True}, SchemaError, "columns to keep have the names of predictions: 'z'"),
        ({"format": "xml"}, InvalidArgumentError, "format is 'xml'; expected one of parquet"),
        ({"on_error": "ignore"}, InvalidArgumentError, "on_error is 'ignore'; expected one of fail, skip"),
        ({"workers": 0}, InvalidArgumentError, "workers must be at least 1"),
        ({"chunk_rows": 0}, InvalidArgumentError, "chunk_rows must be at least 1"),
        ({"engine": "flink"}, PluginError, "the engine 'flink' is not installed; installed engines: "),
        ({"stat": "fork"}, InvalidArgumentError, "there is no option 'stat'; did you mean 'start'?"),
        ({"start": "thread"}, InvalidArgumentError, "the option 'start' is 'thread'; expected 'auto', 'fork'"),
    ],
)
def test_what_cannot_be_done_is_told_before_the_job(
    saved: Path,
    put: Callable[..., Path],
    tmp_path: Path,
    loads: Callable[[], list[int]],
    choices: dict[str, Any],
    error: type[Exception],
    message: str,
) -> None:
    """Nothing was loaded or written."""
    source = put("a.csv", [1], z=0)
    with pytest.raises(error, match=message.replace("?", r"\?")):
        predict(saved, source, tmp_path / "out", **choices)
    assert loads() == []
    assert names_in(tmp_path) == ["a.csv"]


def test_an_output_does_not_lie_in_its_input(saved: Path, put: Callable[..., Path], tmp_path: Path) -> None:
    """The next job would score it."""
    put("in/a.csv", [1])
    with pytest.raises(InvalidArgumentError, match="lies in the input"):
        predict(saved, tmp_path / "in", tmp_path / "in" / "scores")


def test_records_may_leave_out_a_column_to_keep(saved: Path, tmp_path: Path) -> None:
    """It is missing in their rows; one that none of the first records has was misspelt."""
    lines = ['{"x": 1, "y": 0.5, "note": "a"}', '{"x": 2, "y": 0.5}', '{"x": 3, "y": 0.5, "note": "c"}']
    (tmp_path / "in.jsonl").write_text("\n".join(lines), encoding="utf-8")
    predict(saved, tmp_path / "in.jsonl", tmp_path / "out", keep=["note"], chunk_rows=1)
    assert pyarrow.parquet.read_table(tmp_path / "out")["note"].to_pylist() == ["a", None, "c"]
    with pytest.raises(SchemaError, match="missing columns to keep or to partition by: 'Note'"):
        predict(saved, tmp_path / "in.jsonl", tmp_path / "other", keep=["Note"])


def test_a_document_is_partitioned_and_kept_whole(saved: Path, put: Callable[..., Path], tmp_path: Path) -> None:
    """As any other format."""
    predict(saved, put("a.json", [1, 2]), tmp_path / "out", keep_all=True, partition_by=["id"])
    assert pyarrow.parquet.read_table(tmp_path / "out" / "id=a1").select(["x", "y", "z"]).to_pylist() == [
        {"x": 2.0, "y": 0.5, "z": 4.5}
    ]


def test_a_column_that_stands_twice_is_refused(saved: Path, tmp_path: Path) -> None:
    """Before the job, like everything that a schema shows."""
    table = pa.Table.from_arrays([pa.array([1.0])] * 3, names=["x", "y", "x"])
    pyarrow.parquet.write_table(table, tmp_path / "in.parquet")
    with pytest.raises(SchemaError, match="column 'x' stands twice"):
        predict(saved, tmp_path / "in.parquet", tmp_path / "out")


def test_an_engine_that_is_not_installed_comes_with_a_pip_line(saved: Path, tmp_path: Path) -> None:
    """The hint names the distribution."""
    with pytest.raises(PluginError) as caught:
        predict(saved, tmp_path, tmp_path / "out", engine="beam")
    assert caught.value.hint == "to install it: pip install modelpack-flavor-beam"


@pytest.mark.parametrize("source", ["absent", "empty", "*.csv", "memory://nowhere/at/all"])
def test_an_input_without_files_is_not_found(saved: Path, tmp_path: Path, source: str) -> None:
    """Nor is an empty output made of it."""
    (tmp_path / "empty").mkdir()
    name = source if "://" in source else f"{tmp_path}/{source}"
    with pytest.raises(NotFoundError):
        predict(saved, name, tmp_path / "out")
    assert names_in(tmp_path) == ["empty"]


def test_a_store_is_no_place_for_the_output_of_the_engine_local(saved: Path, put: Callable[..., Path]) -> None:
    """It could not appear there in one step."""
    with pytest.raises(InvalidArgumentError, match="writes to a directory of this machine, not to memory://out"):
        predict(saved, put("a.csv", [1]), "memory://out")


def test_files_whose_kept_columns_differ_are_refused(saved: Path, tmp_path: Path) -> None:
    """The output would have no one type for them."""
    for name, values in (("a", [1]), ("b", ["1"])):
        pyarrow.parquet.write_table(pa.table({"k": values, "x": [1.0], "y": [1.0]}), tmp_path / f"{name}.parquet")
    message = r"b\.parquet: column 'k', which is kept, is string; in .*a\.parquet it is int64"
    with pytest.raises(SchemaError, match=message):
        predict(saved, f"{tmp_path}/*.parquet", tmp_path / "out", keep=["k"])


@pytest.mark.parametrize("output", FORMATS)
def test_rows_go_to_directories_by_their_values(
    saved: Path, put: Callable[..., Path], tmp_path: Path, output: OutputFormat
) -> None:
    """As Hive, Spark and Arrow write and read it; the columns stand in the directories' names alone."""
    put("a.parquet", [1, 2, 3, 4], country=["CH", "DE/N", None, "CH"], year=[1, 1, 2, 1])
    out = tmp_path / "out"
    by = ["country", "year"]
    predict(saved, tmp_path / "a.parquet", out, format=output, keep=["id"], partition_by=by)
    parts = {str(file.parent.relative_to(out)): part_frame(file) for file in out.glob("*/*/part-*")}
    assert {place: frame["id"].tolist() for place, frame in parts.items()} == {
        "country=CH/year=1": ["a0", "a3"],
        "country=DE%2FN/year=1": ["a1"],
        "country=__HIVE_DEFAULT_PARTITION__/year=2": ["a2"],
    }
    assert {tuple(frame.columns) for frame in parts.values()} == {("id", "z")}


def test_partitions_read_back_as_one_data_set(saved: Path, put: Callable[..., Path], tmp_path: Path) -> None:
    """By a prediction too."""
    predict(saved, put("a.csv", [1, 2, 1]), tmp_path / "out", keep=["id"], partition_by=["z"])
    table = pyarrow.dataset.dataset(tmp_path / "out", partitioning="hive").to_table().sort_by("id")
    assert table["z"].cast("double").to_pylist() == [2.5, 4.5, 2.5]


def test_partitions_without_a_column_are_refused(saved: Path, put: Callable[..., Path], tmp_path: Path) -> None:
    """Such files would hold nothing."""
    with pytest.raises(InvalidArgumentError, match="nothing is left to write"):
        predict(saved, put("a.csv", [1]), tmp_path / "out", partition_by=["z"])


def test_too_many_partitions_are_refused(saved: Path, put: Callable[..., Path], tmp_path: Path) -> None:
    """A file for each row is a mistake."""
    with pytest.raises(InvalidArgumentError, match="more than 500 partitions"):
        predict(saved, put("a.csv", list(range(100, 700))), tmp_path / "out", partition_by=["id"])
    assert names_in(tmp_path) == ["a.csv"]


def test_an_output_that_exists_is_left_alone(saved: Path, put: Callable[..., Path], tmp_path: Path) -> None:
    """It is refused before the job; with `overwrite` it is replaced by the whole new one."""
    source = put("in/a.csv", [1])
    predict(saved, source, tmp_path / "out")
    put("in/a.csv", [2])
    with pytest.raises(AlreadyExistsError, match="exists"):
        predict(saved, source, tmp_path / "out")
    assert frame_of(tmp_path / "out")["z"].tolist() == [2.5]
    predict(saved, source, tmp_path / "out", format="csv", overwrite=True)
    assert names_in(tmp_path / "out") == ["_SUCCESS", "part-00000.csv"]
    assert names_in(tmp_path) == ["in", "out"]


def test_only_an_output_is_replaced(saved: Path, put: Callable[..., Path], tmp_path: Path) -> None:
    """A directory of somebody's documents is not."""
    put("documents/a.csv", [1])
    with pytest.raises(AlreadyExistsError, match="was not written by a batch"):
        predict(saved, put("b.csv", [1]), tmp_path / "documents", overwrite=True)
    assert names_in(tmp_path / "documents") == ["a.csv"]


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (13, ModelFailureError, r"b\.csv: rows 3 to 4: the model failed to predict: ValueError: unlucky"),
        (99, ModelFailureError, r"b\.csv: after row 2: the worker process was killed by SIGKILL"),
        (55, InvalidArgumentError, r"b\.csv: the output cannot be written: File too large"),
    ],
)
def test_a_failure_names_the_file_and_the_rows_and_leaves_nothing(
    saved: Path, put: Callable[..., Path], tmp_path: Path, value: float, error: type[Exception], message: str
) -> None:
    """Whether the model fails, its process is killed, or the disk is full; an earlier output is as it was."""
    predict(saved, put("in/a.csv", [1]), tmp_path / "out")
    put("in/b.csv", [1, 2, 3, value, 5])
    with pytest.raises(error, match=message):
        predict(saved, tmp_path / "in", tmp_path / "out", chunk_rows=2, workers=1, overwrite=True)
    assert names_in(tmp_path) == ["in", "out"]
    assert frame_of(tmp_path / "out")["z"].tolist() == [2.5]


@pytest.mark.parametrize(("value", "message"), [(13, "unlucky"), (99, "the worker process was killed by SIGKILL")])
def test_what_cannot_be_scored_may_be_skipped(
    saved: Path, put: Callable[..., Path], tmp_path: Path, value: float, message: str
) -> None:
    """The rest is scored, and a report in the output says what is missing."""
    for name, x in (("a", 1), ("b", value), ("c", 3), ("d", value), ("e", 5)):
        put(f"in/{name}.csv", [x])
    (tmp_path / "in" / "f.parquet").write_bytes(b"PAR1 and no more")
    result = predict(saved, tmp_path / "in", tmp_path / "out", on_error="skip", workers=2)
    assert result.rows == 3
    assert frame_of(tmp_path / "out")["z"].tolist() == [2.5, 6.5, 10.5]
    errors = json.loads((tmp_path / "out" / "_errors.json").read_bytes())
    assert [error["file"] for error in errors] == [f"{tmp_path}/in/{name}" for name in ("f.parquet", "b.csv", "d.csv")]
    assert message in errors[1]["message"]
    assert errors[0]["error_code"] == "MALFORMED_REQUEST"
    assert [part.content() for part in result.failed] == errors


@pytest.mark.parametrize("value", [13, 99])
def test_what_was_written_of_a_skipped_part_is_removed(
    saved: Path, put: Callable[..., Path], tmp_path: Path, value: float
) -> None:
    """Half a file is none, even if its writer had no time to remove it."""
    put("in/a.csv", [1, 2, value])
    put("in/b.csv", [4])
    predict(saved, tmp_path / "in", tmp_path / "out", on_error="skip", chunk_rows=1, keep=["id"], partition_by=["x"])
    assert [str(part.relative_to(tmp_path / "out")) for part in tmp_path.glob("out/**/part-*")] == [
        "x=4.0/part-00001.parquet"
    ]


def test_rows_of_a_skipped_part_are_told(saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that they can be scored another time."""
    monkeypatch.setattr(cutting, "_FEWEST_ROWS", 1)
    table = pa.table({"x": [1.0, 2.0, 13.0, 4.0, 5.0], "y": [0.5] * 5})
    pyarrow.parquet.write_table(table, tmp_path / "in.parquet", row_group_size=2)
    result = predict(saved, tmp_path / "in.parquet", tmp_path / "out", on_error="skip")
    assert [part.rows for part in result.failed] == [(3, 4)]
    assert frame_of(tmp_path / "out")["z"].tolist() == [2.5, 4.5, 10.5]


def test_a_job_of_which_nothing_can_be_scored_fails(saved: Path, put: Callable[..., Path], tmp_path: Path) -> None:
    """An empty output would look like a result."""
    with pytest.raises(ModelFailureError, match="unlucky"):
        predict(saved, put("a.csv", [13]), tmp_path / "out", on_error="skip")
    (tmp_path / "b.parquet").write_bytes(b"nothing")
    with pytest.raises(DataFormatError, match=r"b\.parquet: this is no Parquet"):
        predict(saved, tmp_path / "b.parquet", tmp_path / "out", on_error="skip")
    assert names_in(tmp_path) == ["a.csv", "b.parquet"]


def test_predictions_of_several_types_do_not_fit_one_table(tmp_path: Path) -> None:
    """The parts of an output have one schema; the error says which."""

    class Moody(modelpack.pyfunc.PythonModel):
        def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:  # noqa: ARG002 - the PythonModel protocol
            return ["text"] * len(model_input) if model_input["x"].iloc[0] > 1 else model_input["x"]

    modelpack.pyfunc.save_model(tmp_path / "model", python_model=Moody())
    (tmp_path / "in.csv").write_text("x\n1\n2\n", encoding="utf-8")
    with pytest.raises(
        ModelFailureError, match="rows 2 to 2: the model's answer does not fit an Arrow table"
    ) as caught:
        predict(tmp_path / "model", tmp_path / "in.csv", tmp_path / "out", chunk_rows=1)
    assert caught.value.hint == "the other parts of the output have: x int64"
    as_lines = predict(tmp_path / "model", tmp_path / "in.csv", tmp_path / "out", chunk_rows=1, format="json")
    assert as_lines.rows == 2


def test_too_few_predictions_for_kept_columns_are_a_failure(tmp_path: Path) -> None:
    """They would stand beside the wrong rows."""

    class Short(modelpack.pyfunc.PythonModel):
        def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:  # noqa: ARG002 - the PythonModel protocol
            return model_input["x"].iloc[1:]

    modelpack.pyfunc.save_model(tmp_path / "model", python_model=Short())
    (tmp_path / "in.csv").write_text("x,id\n1,a\n2,b\n", encoding="utf-8")
    with pytest.raises(ModelFailureError, match="the model answered 1 predictions for 2 rows"):
        predict(tmp_path / "model", tmp_path / "in.csv", tmp_path / "out", keep=["id"])


def started(saved: Path, tmp_path: Path, traces: Path, *options: str) -> tuple[subprocess.Popen[bytes], list[int]]:
    """A job of two workers that wait in the model, and their ids."""
    command = [sys.executable, "-m", "modelpack", "predict", str(saved), "-i", str(tmp_path / "in")]
    command += ["-o", str(tmp_path / "out"), "--workers", "2", *options]
    job = subprocess.Popen(command, stderr=subprocess.PIPE, start_new_session=True)

    def waiting() -> list[Path]:
        assert job.poll() is None, job.communicate()
        return list(traces.glob("wait-*"))

    wait_until(lambda: len(waiting()) == 2)
    return job, [int(trace.name.split("-")[1]) for trace in waiting()]


def end(job: subprocess.Popen[bytes]) -> None:
    """Kill the process that drives a job, and none of its workers."""
    job.kill()
    job.wait(60)
    assert job.stderr is not None
    job.stderr.close()


@pytest.mark.slow
@pytest.mark.parametrize("start", ["fork", "program"])
def test_an_interrupted_job_leaves_nothing(
    saved: Path, put: Callable[..., Path], tmp_path: Path, traces: Path, start: str
) -> None:
    """Ctrl-C reaches all its processes; they are gone, and so is what they wrote."""
    for name in "abcd":
        put(f"in/{name}.csv", [77])
    job, workers = started(saved, tmp_path, traces, "-O", f"start={start}")
    os.killpg(job.pid, signal.SIGINT)
    _, told = job.communicate(timeout=60)
    assert job.returncode == 130
    assert b"Traceback" not in told
    wait_until(lambda: not any(map(is_running, workers)))
    assert names_in(tmp_path) == ["in"]


@pytest.mark.slow
def test_a_killed_job_leaves_the_old_output_and_what_the_next_job_removes(
    saved: Path, put: Callable[..., Path], tmp_path: Path, traces: Path
) -> None:
    """`kill -9` of the process that drives it."""
    predict(saved, put("first.csv", [1]), tmp_path / "out")
    for name in "abcd":
        put(f"in/{name}.csv", [77])
    job, workers = started(saved, tmp_path, traces, "--overwrite")
    with pytest.raises(AlreadyExistsError):
        predict(saved, tmp_path / "first.csv", tmp_path / "out")
    assert len(list(tmp_path.glob(".out.staging-*"))) == 1, "the directory of a running job stays"
    end(job)
    for worker in workers:
        os.kill(worker, signal.SIGKILL)  # they wait in the model, and would notice only afterwards
    assert frame_of(tmp_path / "out")["z"].tolist() == [2.5]
    assert len(list(tmp_path.glob(".out.staging-*"))) == 1
    predict(saved, put("second.csv", [2]), tmp_path / "out", overwrite=True)
    assert frame_of(tmp_path / "out")["z"].tolist() == [4.5]
    assert names_in(tmp_path) == ["first.csv", "in", "out", "second.csv"]


@pytest.mark.slow
@pytest.mark.parametrize("start", ["fork", "program"])
def test_workers_end_when_their_driver_is_gone(
    saved: Path, put: Callable[..., Path], tmp_path: Path, traces: Path, start: str
) -> None:
    """They notice it after the chunk that they are at, and start no other."""
    for name in "abcd":
        put(f"in/{name}.csv", [66] * 100)
    job, workers = started(saved, tmp_path, traces, "-O", f"start={start}", "--chunk-rows", "1")
    end(job)
    wait_until(lambda: not any(map(is_running, workers)))

from __future__ import annotations

import io
import sys
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from modelpack.batch.records import BatchProgress
from modelpack.batch.scoring import score_file
from modelpack.data.codecs import CODECS, codec_for_file, decode, encode
from modelpack.data.writers import WriteOptions
from modelpack.errors import (
    DataFormatError,
    InvalidArgumentError,
    ModelFailureError,
    NotFoundError,
    SchemaError,
    UnsupportedMediaTypeError,
)
from modelpack.pyfunc.model import PyFuncModel
from modelpack.schema.mlmodel import MLmodel
from modelpack.schema.signature import Column, ColumnSchema, DataType, ModelSignature, Param

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SIGNATURE = ModelSignature(
    inputs=ColumnSchema((Column(DataType.DOUBLE, "x"), Column(DataType.DOUBLE, "y"))),
    outputs=ColumnSchema((Column(DataType.DOUBLE, "z"),)),
    params=(Param("scale", DataType.DOUBLE, 1.0),),
)
FRAME = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0, 5.0], "y": [0.5] * 5})
SCORES = [2.5, 4.5, 6.5, 8.5, 10.5]


class Plane:
    """Two times x plus y, times the param `scale`; it fails where x is 13."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def predict(self, data: Any, params: Mapping[str, Any] | None = None) -> Any:
        """Score a frame."""
        self.sizes.append(len(data))
        if (data["x"] == 13).any():
            raise ValueError("unlucky")
        return (2 * data["x"] + data["y"]).to_numpy() * (params or {}).get("scale", 1.0)


@pytest.fixture
def plane() -> Plane:
    """What stands behind the model."""
    return Plane()


@pytest.fixture
def model(plane: Plane) -> PyFuncModel:
    """The plane as a model with a signature."""
    return PyFuncModel(
        plane, mlmodel=MLmodel(flavors={}, signature=SIGNATURE), path=Path("none"), digest="sha256:0", native=None
    )


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, bytes | str], Path]:
    """Write a file to score."""

    def make(name: str, content: bytes | str) -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return make


@pytest.mark.parametrize("output", [codec.suffixes[0] for codec in CODECS])
@pytest.mark.parametrize("source", [codec.suffixes[0] for codec in CODECS])
def test_every_format_is_scored_into_every_other(
    model: PyFuncModel, plane: Plane, tmp_path: Path, source: str, output: str
) -> None:
    """The suffixes name the formats; rows are scored a chunk at a time."""
    given, made = tmp_path / f"in{source}", tmp_path / f"out{output}"
    body = encode(FRAME, codec_for_file(given).media_types[0])
    given.write_bytes(body.replace(b"predictions", b"dataframe_records") if source == ".json" else body)
    assert score_file(model, given, made, chunk_rows=2) == 5
    assert plane.sizes == [2, 2, 1]
    assert scores(made) == SCORES


def scores(path: Path) -> list[float]:
    """The predictions in a file."""
    codec = codec_for_file(path)
    body = path.read_bytes()
    if codec.name == "JSON":
        body = body.replace(b"predictions", b"inputs")
    if codec.name == "JSON Lines":
        return [float(line) for line in body.split()]
    data = decode(body, codec.media_types[0], signature=None).data
    return list(data if isinstance(data, np.ndarray) else data["z"])


def test_csv_has_a_header_unless_it_is_not_wanted(
    model: PyFuncModel, write: Callable[..., Path], tmp_path: Path
) -> None:
    """The alias of 0.9 writes neither header nor index (S117)."""
    source = write("in.csv", FRAME.to_csv())
    score_file(model, source, tmp_path / "with.csv", chunk_rows=2)
    score_file(model, source, tmp_path / "without.csv", header=False)
    assert (tmp_path / "without.csv").read_text() == "2.5\n4.5\n6.5\n8.5\n10.5\n"
    assert (tmp_path / "with.csv").read_text() == "z\n2.5\n4.5\n6.5\n8.5\n10.5\n"


def test_standard_input_and_output_are_scored(model: PyFuncModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """`-` stands for them; the output is CSV unless another type is named."""
    for output_type, expected in ((None, b"z\n2.5\n"), ("jsonl", b"2.5\n")):
        sink = io.BytesIO()
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"x,y\n1,0.5\n")))
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(sink))
        assert score_file(model, "-", "-", content_type="text/csv", output_type=output_type) == 1
        assert sink.getvalue() == expected


def test_params_reach_every_chunk(model: PyFuncModel, write: Callable[..., Path], tmp_path: Path) -> None:
    """The caller's go before those in the input."""
    source = write("in.json", '{"instances": [[1.0, 0.5], [2.0, 0.5]], "params": {"scale": 10.0}}')
    score_file(model, source, tmp_path / "own.csv", chunk_rows=1)
    score_file(model, source, tmp_path / "given.csv", params={"scale": 2.0})
    assert scores(tmp_path / "own.csv") == [25.0, 45.0]
    assert scores(tmp_path / "given.csv") == [5.0, 9.0]


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("x,y\n1,1\n2,2\n3,3\n4,oops\n", SchemaError, r"rows 3 to 4: column 'y'"),
        ("x,y\n1,1\n2,2\n13,3\n", ModelFailureError, r"rows 3 to 3: .*unlucky"),
        ("x,y\n1,1\n2,2\n3,3,3\n", DataFormatError, "after row 2: a row has more fields"),
        ("", DataFormatError, "after row 0: there is no CSV"),
    ],
)
def test_a_failure_names_the_rows_and_leaves_no_output(
    model: PyFuncModel, write: Callable[..., Path], tmp_path: Path, text: str, error: type[Exception], message: str
) -> None:
    """Nothing half-written is left, and what was there before is as it was."""
    source, made = write("in.csv", text), write("out.csv", "before")
    with pytest.raises(error, match=message):
        score_file(model, source, made, chunk_rows=2)
    assert made.read_text() == "before"
    with pytest.raises(error):
        score_file(model, source, tmp_path / "new.csv", chunk_rows=2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.csv", "out.csv"]


def test_a_file_may_be_scored_onto_itself(model: PyFuncModel, write: Callable[..., Path]) -> None:
    """The output takes its place when everything is read."""
    source = write("data.csv", FRAME.to_csv(index=False))
    score_file(model, source, source, chunk_rows=1)
    assert scores(source) == SCORES


@pytest.mark.parametrize("suffix", [codec.suffixes[0] for codec in CODECS])
def test_no_rows_give_an_output_without_rows(
    model: PyFuncModel, plane: Plane, write: Callable[..., Path], tmp_path: Path, suffix: str
) -> None:
    """The model is not asked, and the output is what its format calls empty."""
    made = tmp_path / f"out{suffix}"
    assert score_file(model, write("in.csv", "x,y\n"), made) == 0
    assert plane.sizes == []
    if suffix not in {".json", ".jsonl"}:
        assert scores(made) == []


def test_progress_tells_rows_and_bytes(model: PyFuncModel, write: Callable[..., Path], tmp_path: Path) -> None:
    """A bar can be drawn from it."""
    source = write("in.csv", FRAME.to_csv(index=False))
    seen: list[BatchProgress] = []
    score_file(model, source, tmp_path / "out.csv", chunk_rows=2, progress=seen.append)
    assert [state.rows for state in seen] == [2, 4, 5]
    assert seen[-1].done == seen[-1].of == source.stat().st_size


@pytest.mark.parametrize(
    ("source", "output", "options", "error"),
    [
        ("absent.csv", "out.csv", {}, NotFoundError),
        ("in.csv", "absent/out.csv", {}, InvalidArgumentError),
        ("in.txt", "out.csv", {}, UnsupportedMediaTypeError),
        ("in.csv", "out.txt", {}, UnsupportedMediaTypeError),
        ("-", "out.csv", {}, UnsupportedMediaTypeError),
        ("in.csv", "out.csv", {"chunk_rows": 0}, InvalidArgumentError),
        ("in.csv", "out.csv", {"content_type": "exe"}, UnsupportedMediaTypeError),
        ("", "out.csv", {"content_type": "csv"}, InvalidArgumentError),
    ],
)
def test_what_cannot_be_scored_is_told(
    model: PyFuncModel,
    write: Callable[..., Path],
    tmp_path: Path,
    source: str,
    output: str,
    options: dict[str, Any],
    error: type[Exception],
) -> None:
    """Before anything is written."""
    write("in.csv", "x,y\n1,2\n")
    given = source if source == "-" else tmp_path / source
    with pytest.raises(error):
        score_file(model, given, tmp_path / output, **options)
    assert not (tmp_path / output).exists()


def test_a_device_is_written_to_as_it_is(model: PyFuncModel, write: Callable[..., Path]) -> None:
    """A pipe or /dev/null is not replaced by a file."""
    score_file(model, write("in.csv", "x,y\n1,2\n"), Path("/dev/null"), output_type="csv")
    assert Path("/dev/null").is_char_device()


def test_the_output_has_the_permissions_of_a_new_file(
    model: PyFuncModel, write: Callable[..., Path], tmp_path: Path
) -> None:
    """As the umask says, like any other program's."""
    made = tmp_path / "out.csv"
    score_file(model, write("in.csv", "x,y\n1,2\n"), made)
    assert made.stat().st_mode == write("plain", "").stat().st_mode


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet", ".arrows"])
def test_memory_does_not_grow_with_the_input(model: PyFuncModel, plane: Plane, tmp_path: Path, suffix: str) -> None:
    """Ten times the rows take far less than twice the Python memory; a Parquet file's index does grow."""
    peaks = []
    for rows in (2_000, 20_000):
        source = tmp_path / f"{rows}{suffix}"
        with source.open("wb") as stream:
            writer = codec_for_file(source).writer(stream, WriteOptions())
            for start in range(100, rows, 500):
                writer.write(pd.DataFrame({"x": np.arange(500.0) + start, "y": 0.5}))
            writer.close()
        score_file(model, source, tmp_path / "warm.csv", chunk_rows=500)
        tracemalloc.start()
        score_file(model, source, tmp_path / "out.csv", chunk_rows=500)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert max(plane.sizes) == 500
    assert peaks[1] < 2 * peaks[0]

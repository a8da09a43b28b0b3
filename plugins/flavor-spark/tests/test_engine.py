"""The engine `spark`, in real jobs on files, tables and a file system of Hadoop's."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import modelpack
import modelpack.batch
import modelpack.pyfunc
from modelpack.errors import AlreadyExistsError, InvalidArgumentError, ModelFailureError, NotFoundError, SchemaError

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("spark")]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model that multiplies, and fails on negative numbers."""

    class Multiplying(modelpack.pyfunc.PythonModel):
        def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:  # noqa: ARG002 - the form
            if (model_input["width"] < 0).any():
                raise ValueError("a negative width")
            return model_input["width"] * model_input["length"]

    rows = pd.DataFrame({"width": [1.0], "length": [2.0]})
    signature = modelpack.infer_signature(rows, pd.DataFrame({"area": [2.0]}))
    modelpack.pyfunc.save_model(tmp_path / "model", python_model=Multiplying(), signature=signature)
    return tmp_path / "model"


@pytest.fixture
def houses(tmp_path: Path) -> Callable[..., Path]:
    """Write files of houses in a format; in one of them a width may be another."""

    def written(suffix: str = "parquet", *, files: int = 3, wrong: Any = None) -> Path:
        directory = tmp_path / f"houses-{suffix}"
        directory.mkdir()
        for number in range(files):
            frame = pd.DataFrame(
                {
                    "id": [f"{number}{row}" for row in range(4)],
                    "width": [row + 1.0 for row in range(4)],
                    "length": [number + 0.5] * 4,
                    "town": ["Ulm", "Kiel"] * 2,
                }
            )
            if wrong is not None and number == 1:
                frame["width"] = wrong
            path = directory / f"part{number}.{suffix}"
            if suffix == "parquet":
                pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), path)
            elif suffix == "csv":
                frame.to_csv(path, index=False)
            else:
                frame.to_json(path, orient="records", lines=True)
        return directory

    return written


EXPECTED = {f"{number}{row}": (row + 1.0) * (number + 0.5) for number in range(3) for row in range(4)}


def read(directory: Path, suffix: str) -> pd.DataFrame:
    """All rows of an output."""
    assert (directory / "_SUCCESS").exists()
    paths = sorted(directory.rglob(f"part-*{suffix}"))
    readers: dict[str, Callable[[Path], Any]] = {
        ".parquet": lambda path: pq.ParquetFile(path).read().to_pandas(),
        ".csv": lambda path: pd.read_csv(path, dtype={"id": str}),
        ".jsonl": lambda path: pd.read_json(path, lines=True, dtype={"id": str}),
    }
    frames: list[pd.DataFrame] = [readers[suffix](path) for path in paths]
    return pd.concat(frames)


@pytest.mark.parametrize(("given", "asked"), [("parquet", "csv"), ("csv", "json"), ("jsonl", "parquet")])
def test_files_of_each_format(model: Path, houses: Callable[..., Path], tmp_path: Path, given: str, asked: Any) -> None:
    """They are scored beside the columns that are kept, and told how far it is; nothing but parts is written."""
    told: list[Any] = []
    result = modelpack.batch.predict(
        model, houses(given), tmp_path / "out", engine="spark", format=asked, keep=["id"], progress=told.append
    )
    suffix = {"json": ".jsonl"}.get(asked, f".{asked}")
    rows = read(tmp_path / "out", suffix)
    assert result.rows == 12
    assert list(rows.columns) == ["id", "area"]
    assert dict(zip(rows["id"], rows["area"], strict=True)) == EXPECTED
    assert told[-1].rows == 12
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert all(name == "_SUCCESS" or (name.startswith("part-") and name.endswith(suffix)) for name in names)


def test_output_in_partitions(model: Path, houses: Callable[..., Path], tmp_path: Path) -> None:
    """A directory for each value, without the column in its files."""
    modelpack.batch.predict(model, houses(), tmp_path / "out", engine="spark", keep=["id"], partition_by=["town"])
    found = {path.name: read_rows(path) for path in (tmp_path / "out").iterdir() if path.is_dir()}
    assert found.keys() == {"town=Ulm", "town=Kiel"}
    assert {**found["town=Ulm"], **found["town=Kiel"]} == EXPECTED
    assert all(int(name[1]) % 2 == 0 for name in found["town=Ulm"])


def read_rows(directory: Path) -> dict[str, float]:
    """The rows of one partition."""
    tables = [pq.ParquetFile(path).read() for path in directory.glob("part-*.parquet")]
    rows = pa.concat_tables(tables).to_pandas()
    assert list(rows.columns) == ["id", "area"]
    return dict(zip(rows["id"], rows["area"], strict=True))


def test_a_part_that_fails_is_named(model: Path, houses: Callable[..., Path], tmp_path: Path) -> None:
    """With the model's own words, and there is no output."""
    with pytest.raises(ModelFailureError, match=r"part1\.parquet.*a negative width"):
        modelpack.batch.predict(model, houses(wrong=-1.0), tmp_path / "out", engine="spark")
    assert [path.name for path in tmp_path.iterdir() if "out" in path.name] == []


def test_text_that_is_no_number_is_named(model: Path, houses: Callable[..., Path], tmp_path: Path) -> None:
    """With its file: a value far down that the first rows do not show."""
    directory = houses("csv")
    with (directory / "part2.csv").open("a", encoding="utf-8") as file:
        file.writelines(f"x{row},1.0,1.0,Ulm\n" for row in range(300))
        file.write("bad,wide,1.0,Ulm\n")
    with pytest.raises(SchemaError, match=r"part2\.csv.*'width' should be double.*wide"):
        modelpack.batch.predict(model, directory, tmp_path / "out", engine="spark")


def test_columns_are_checked_before_the_job(
    spark: Any, model: Path, houses: Callable[..., Path], tmp_path: Path
) -> None:
    """A file, or a table, without a column, or with one of another type."""
    with pytest.raises(SchemaError, match=r"part1\.parquet.*width"):
        modelpack.batch.predict(model, houses(wrong="wide"), tmp_path / "out", engine="spark")
    spark.range(3).selectExpr("id AS width").createOrReplaceTempView("narrow")
    with pytest.raises(SchemaError, match=r"table narrow.*length"):
        modelpack.batch.predict(model, "narrow", tmp_path / "out", engine="spark")


def test_tables(spark: Any, model: Path, tmp_path: Path) -> None:
    """By the name that Spark knows; one that it does not know is told."""
    spark.range(5).selectExpr("id", "id * 1.0D AS width", "2.0D AS length").createOrReplaceTempView("sales")
    result = modelpack.batch.predict(model, "sales", tmp_path / "out", engine="spark", keep_all=True)
    rows = read(tmp_path / "out", ".parquet").sort_values("id")
    assert result.rows == 5
    assert list(rows.columns) == ["id", "width", "length", "area"]
    assert rows["area"].tolist() == [0.0, 2.0, 4.0, 6.0, 8.0]
    with pytest.raises(NotFoundError, match="no_such_table"):
        modelpack.batch.predict(model, "no_such_table", tmp_path / "other", engine="spark")


def test_paths_of_hadoop(
    shared: Callable[[Path], str], model: Path, houses: Callable[..., Path], tmp_path: Path
) -> None:
    """Read and written by Spark's own file systems: the output appears at once, and an earlier one can be replaced."""
    houses("csv")
    root = shared(tmp_path)
    source, destination = f"{root}/houses-csv", f"{root}/out"
    for overwrite in (False, True):
        result = modelpack.batch.predict(model, source, destination, engine="spark", keep=["id"], overwrite=overwrite)
        rows = pd.concat([pq.ParquetFile(path).read().to_pandas() for path in (tmp_path / "out").glob("part-*")])
        assert dict(zip(rows["id"], rows["area"], strict=True)) == EXPECTED
        assert result.rows == 12
    with pytest.raises(AlreadyExistsError):
        modelpack.batch.predict(model, source, destination, engine="spark")
    (tmp_path / "houses-csv" / "part3.csv").write_text("id,width,length,town\nx,-1.0,1.0,Ulm\n", encoding="utf-8")
    with pytest.raises(ModelFailureError, match=r"part3\.csv.*a negative width"):
        modelpack.batch.predict(model, source, destination, engine="spark", overwrite=True)
    assert (tmp_path / "out" / "_SUCCESS").exists()
    assert sorted(path.name for path in tmp_path.iterdir() if not path.name.startswith(".")) == [
        "houses-csv",
        "model",
        "out",
    ]


def test_no_rows(spark: Any, model: Path, tmp_path: Path) -> None:
    """They give an output without rows."""
    spark.range(0).selectExpr("id * 1.0D AS width", "2.0D AS length").createOrReplaceTempView("nothing")
    assert modelpack.batch.predict(model, "nothing", tmp_path / "out", engine="spark").rows == 0
    assert (tmp_path / "out" / "_SUCCESS").exists()


def test_what_it_does_not_do(model: Path, houses: Callable[..., Path], tmp_path: Path) -> None:
    """Each is told in words, before there is a job."""
    source = houses()
    with pytest.raises(InvalidArgumentError, match="on_error"):
        modelpack.batch.predict(model, source, tmp_path / "out", engine="spark", on_error="skip")
    with pytest.raises(InvalidArgumentError, match="does not write arrow"):
        modelpack.batch.predict(model, source, tmp_path / "out", engine="spark", format="arrow")
    with pytest.raises(InvalidArgumentError, match="a session is active"):
        modelpack.batch.predict(model, source, tmp_path / "out", engine="spark", master="local[1]")
    (tmp_path / "houses.arrow").write_bytes(b"")
    assert not list(tmp_path.glob("out*"))


def test_it_answers_as_the_engine_local(houses: Callable[..., Path], tmp_path: Path) -> None:
    """Types of predictions included, without a signature."""

    class Mixed(modelpack.pyfunc.PythonModel):
        def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:  # noqa: ARG002 - the form
            rows = len(model_input)
            return pd.DataFrame({"n": np.arange(rows, dtype="int32"), "t": ["x"] * rows, "v": [[1.0, 2.0]] * rows})

    modelpack.pyfunc.save_model(tmp_path / "mixed", python_model=Mixed(), signature=False)
    source = houses(files=1)
    for name in ("spark", "local"):
        modelpack.batch.predict(tmp_path / "mixed", source, tmp_path / name, engine=name, keep_all=True)
    answered = [
        pa.concat_tables([pq.read_table(path) for path in sorted((tmp_path / name).glob("part-*"))])
        for name in ("spark", "local")
    ]
    assert answered[0].to_pylist() == answered[1].to_pylist()
    assert json.loads(json.dumps(answered[0].schema.names)) == answered[1].schema.names

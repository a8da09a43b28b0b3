"""Models as functions on columns, in real Spark jobs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import modelpack
import modelpack.pyfunc
from modelpack.errors import InvalidArgumentError, NotFoundError, PluginError, SchemaError, TrustError
from modelpack.plugins.manager import PluginManager
from modelpack_flavor_spark.udf.shipping import _SHIPPED, authorized

SaveModel = Callable[..., Path]
Rows = Callable[..., Any]


@pytest.fixture
def save(tmp_path: Path) -> SaveModel:
    """Save a model that answers what a function makes of the input and the params."""

    def saved(answer: Callable[[Any, Any], Any], signature: Any = None, name: str = "model") -> Path:
        class Answering(modelpack.pyfunc.PythonModel):
            def predict(self, context: Any, model_input: Any, params: Any = None) -> Any:  # noqa: ARG002 - the form
                return answer(model_input, params)

        modelpack.pyfunc.save_model(
            tmp_path / name, python_model=Answering(), signature=False if signature is None else signature
        )
        return tmp_path / name

    return saved


def table(spark: Any, **columns: str) -> Any:
    """A frame of four rows, its columns made by expressions of `id`."""
    frame = spark.range(0, 4, 1, 2)
    return frame.selectExpr("id", *[f"{expression} AS `{name}`" for name, expression in columns.items()])


def values(frame: Any, *columns: Any) -> list[Any]:
    """The values of a column, or rows as tuples."""
    rows = [tuple(row) for row in frame.select(*columns).collect()]
    return [row[0] for row in rows] if len(columns) == 1 else rows


def signed(inputs: dict[str, list[Any]], outputs: Any, **params: Any) -> Any:
    """A signature."""
    return modelpack.infer_signature(pd.DataFrame(inputs), outputs, params or None)


SUM = signed({"a": [1.0], "b c": [1.0]}, np.array([1.0]))


def test_columns_by_position(spark: Any, save: SaveModel) -> None:
    """Without a signature they are called `0`, `1`, …, and 10 comes after 9 (S153)."""
    path = save(lambda rows, _: [",".join(map(str, rows.columns))] * len(rows))
    score = modelpack.pyfunc.spark_udf(spark, path, result_type="string")
    frame = table(spark, a="id * 1.0")
    assert set(values(frame, score(*["a"] * 11))) == {"0,1,2,3,4,5,6,7,8,9,10"}
    assert set(values(frame, score("a"))) == {"0"}


def test_columns_by_the_names_of_the_signature(spark: Any, save: SaveModel) -> None:
    """In its order, found by name, or as the fields of a struct in any order; all the same."""
    from pyspark.sql.functions import col, struct

    score = modelpack.pyfunc.spark_udf(spark, save(lambda rows, _: rows["a"] - 2 * rows["b c"], SUM))
    frame = table(spark, **{"b c": "id + 1.0", "a": "id * 10.0"})
    expected = [row * 10.0 - 2 * (row + 1.0) for row in range(4)]
    answered = values(frame, score("a", "b c"), score(), score(struct(col("b c"), col("a"))), score(col("a"), "b c"))
    assert [list(each) for each in zip(*answered, strict=True)] == [expected] * 4


def test_it_is_registered_for_sql(spark: Any, save: SaveModel) -> None:
    """As any function of Spark."""
    spark.udf.register("score", modelpack.pyfunc.spark_udf(spark, save(lambda rows, _: rows["a"] + rows["b c"], SUM)))
    table(spark, a="id", b="1.0").createOrReplaceTempView("houses")
    assert [row[0] for row in spark.sql("SELECT score(a, b) FROM houses").collect()] == [1.0, 2.0, 3.0, 4.0]


def test_both_orders_and_the_active_session(spark: Any, save: SaveModel) -> None:
    """The session comes first or second or not at all; the model may have its older name."""
    path = save(lambda rows, _: rows["a"], signed({"a": [1.0]}, np.array([1.0])))
    frame = table(spark, a="id + 0.5")
    functions = [
        modelpack.pyfunc.spark_udf(spark, path),
        modelpack.pyfunc.spark_udf(str(path), spark),
        modelpack.pyfunc.spark_udf(path),
        modelpack.pyfunc.spark_udf(spark, path=path, result_type="double"),
        modelpack.pyfunc.spark_udf(spark, path, "double", "local"),
    ]
    answered = values(frame, *[score("a") for score in functions])
    assert answered == [(row + 0.5,) * 5 for row in range(4)]


RESULTS: dict[str, list[Any]] = {
    "int": [1, 2],
    "long": [1, 2],
    "float": [1.0, 2.0],
    "double": [1.0, 2.0],
    "string": ["1", "2"],
    "array<int>": [[1], [2]],
    "array<double>": [[1.0], [2.0]],
    "array<string>": [["1"], ["2"]],
    "n int": [{"n": 1}, {"n": 2}],
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["ndarray", "Series", "list", "DataFrame"])
def test_every_result_type_of_every_kind(spark: Any, save: SaveModel, kind: str) -> None:
    """The table holds in Spark as it does in `test_udf_table.py`, nulls included: one job for each kind of answer."""

    def answer(rows: Any, params: Any) -> Any:
        import numpy as np
        import pandas as pd

        numbers = rows["n"].to_numpy("int32")
        if params["missing"]:
            numbers = np.where(numbers == 1, np.nan, numbers)
        held = {"ndarray": numbers, "Series": pd.Series(numbers), "list": numbers.tolist()}
        return held.get(params["kind"], pd.DataFrame({"n": numbers}))

    signature = signed({"n": [1]}, None, kind="", missing=False)
    path = save(answer, signature)
    chosen = {
        name: cells for name, cells in RESULTS.items() if kind != "list" or name not in {"int", "array<int>", "n int"}
    }
    made = [modelpack.pyfunc.spark_udf(spark, path, name, params={"kind": kind}) for name in chosen]
    missing = {"kind": kind, "missing": True}
    nulls = [
        modelpack.pyfunc.spark_udf(spark, path, name, params=missing) for name in ("double", "string", "array<float>")
    ]
    frame = spark.range(1, 3, 1, 1).selectExpr("id AS n")
    answered = list(zip(*values(frame, *[score("n") for score in made + nulls]), strict=True))
    plain = [[cell.asDict() if hasattr(cell, "asDict") else cell for cell in cells] for cells in answered]
    assert plain == [*chosen.values(), [None, 2.0], [None, "2.0"], [[None], [2.0]]]


def test_result_type_of_the_signature(spark: Any, save: SaveModel) -> None:
    """Without one, the function has the type that the signature gives, else double (S156)."""
    frame = pd.DataFrame({"low": np.array([1], "float32"), "label": ["a"], "flag": [True]})
    outputs = {
        "bigint": np.array([1]),
        "double": np.array([1.0]),
        "string": pd.Series(["a"], name="label"),
        "boolean": np.array([True]),
        "array<double>": np.array([[1.0, 2.0]]),
        "array<string>": pd.Series([["a", "b"]], name="tokens"),
        "struct<low:float,label:string,flag:boolean>": frame,
    }
    for number, (expected, output) in enumerate(outputs.items()):
        path = save(lambda rows, _: rows, signed({"a": [1.0]}, output), name=f"model{number}")
        made: Any = modelpack.pyfunc.spark_udf(spark, path)
        assert made.returnType.simpleString() == expected
    unsigned: Any = modelpack.pyfunc.spark_udf(spark, save(lambda rows, _: rows))
    assert unsigned.returnType.simpleString() == "double"


def test_what_the_signature_shows_is_told_at_once(spark: Any, save: SaveModel) -> None:
    """Before there is a job."""
    path = save(lambda rows, _: rows["a"], signed({"a": [1.0], "b": [2]}, np.array([1])))
    with pytest.raises(InvalidArgumentError, match=r"no column .* fits result_type 'int'"):
        modelpack.pyfunc.spark_udf(spark, path, "int")
    with pytest.raises(InvalidArgumentError, match="not supported"):
        modelpack.pyfunc.spark_udf(spark, path, "date")
    with pytest.raises(SchemaError, match="3 columns, and the signature has 2: a, b"):
        modelpack.pyfunc.spark_udf(spark, path)("a", "b", "c")
    with pytest.raises(SchemaError, match="digits"):
        modelpack.pyfunc.spark_udf(spark, save(len, signed({"a": [1.0]}, None, digits=1), "p"), params={"digits": "x"})
    with pytest.raises(SchemaError, match="names no columns"):
        modelpack.pyfunc.spark_udf(spark, save(len, name="unsigned"))()
    image = modelpack.infer_signature(np.zeros((1, 2)), np.zeros((1, 2, 2)))
    with pytest.raises(InvalidArgumentError, match=r"give result_type|no column of Spark"):
        modelpack.pyfunc.spark_udf(spark, save(len, image, "image"))


def test_arguments_that_cannot_be_used(spark: Any, save: SaveModel, tmp_path: Path) -> None:
    """Each is told in words."""
    path = save(lambda rows, _: rows)
    with pytest.raises(NotFoundError):
        modelpack.pyfunc.spark_udf(spark, tmp_path / "nothing")
    with pytest.raises(InvalidArgumentError, match=r"env_manager='uv'.*requirements.txt|requirements"):
        modelpack.pyfunc.spark_udf(spark, path, env_manager="uv")
    with pytest.raises(InvalidArgumentError, match="takes a session and a model"):
        modelpack.pyfunc.spark_udf(path, "double")


def test_params_reach_the_model(spark: Any, save: SaveModel) -> None:
    """Those that are given, and the defaults of the others."""
    signature = signed({"a": [1.0]}, np.array([1.0]), factor=2.0, offset=0.5)
    path = save(lambda rows, params: rows["a"] * params["factor"] + params["offset"], signature)
    score = modelpack.pyfunc.spark_udf(spark, path, params={"factor": 10.0})
    assert values(table(spark, a="id * 1.0"), score("a")) == [0.5, 10.5, 20.5, 30.5]


def test_values_are_made_to_fit_the_signature(spark: Any, save: SaveModel) -> None:
    """Whole numbers become doubles, and nulls of them are not lost on the way."""
    path = save(
        lambda rows, _: [f"{rows['n'].dtype} {rows['x'].dtype} {value}" for value in rows["n"].isna()],
        modelpack.infer_signature(pd.DataFrame({"x": [1.0, 2.0], "n": pd.array([1, None], "Int64")}), np.array(["a"])),
    )
    score = modelpack.pyfunc.spark_udf(spark, path)
    frame = spark.range(0, 3, 1, 1).selectExpr("id AS x", "nullif(id, 1) AS n")
    assert values(frame, score()) == [f"Int64 float64 {missing}" for missing in (False, True, False)]


def test_a_failing_model_says_why(spark: Any, save: SaveModel) -> None:
    """The job ends with the model's own words."""
    from pyspark.errors import PythonException

    def fail(rows: Any, _: Any) -> Any:  # noqa: ARG001 - the form
        raise ValueError("the roof is on fire")

    score = modelpack.pyfunc.spark_udf(spark, save(fail))
    with pytest.raises(PythonException, match="the roof is on fire"):
        table(spark, a="id").select(score("a")).collect()


def test_a_wrong_answer_is_refused_in_the_job(spark: Any, save: SaveModel) -> None:
    """Where there is no signature, only the rows can show it (S157)."""
    from pyspark.errors import PythonException

    score = modelpack.pyfunc.spark_udf(spark, save(lambda rows, _: ["a"] * len(rows)), "double")
    with pytest.raises(PythonException, match=r"(?s)fits result_type 'double'.*result_type='string'"):
        table(spark, a="id").select(score("a")).collect()


def test_strangers_are_asked_for_trust(
    spark: Any, save: SaveModel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """On the driver; and executors, whose trust store is another one, trust this very model when the caller does."""
    path = save(lambda rows, _: rows["a"] + 1, signed({"a": [1.0]}, np.array([1.0])))
    monkeypatch.setenv("MODELPACK_HOME", str(tmp_path / "stranger"))
    with pytest.raises(TrustError):
        modelpack.pyfunc.spark_udf(spark, path)
    score = modelpack.pyfunc.spark_udf(spark, path, trust=[path.parent])
    assert values(table(spark, a="id * 1.0"), score()) == [1.0, 2.0, 3.0, 4.0]


def test_executors_trust_no_more_than_the_caller(
    save: SaveModel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """They get the digest of a model that is trusted, and nothing for another that runs no code as far as is known."""
    from modelpack.package.load import open_model

    stored = open_model(save(len))
    assert authorized(stored, None, None) == stored.digest
    assert authorized(stored, None, stored.digest) == stored.digest
    monkeypatch.setattr(
        "modelpack_flavor_spark.udf.shipping.trust_reasons", lambda *_: []
    )  # as of a format that runs no code
    monkeypatch.setenv("MODELPACK_HOME", str(tmp_path / "stranger"))
    assert authorized(stored, None, None) is False


def test_without_the_plugin_the_error_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Core only knows that a flavor of that name would have it."""
    monkeypatch.setattr("modelpack.pyfunc.spark.default_manager", lambda: PluginManager(entry_points=lambda _: ()))
    with pytest.raises(PluginError, match="pip install modelpack-flavor-spark"):
        modelpack.pyfunc.spark_udf("model")


def test_no_rows(spark: Any, save: SaveModel) -> None:
    """They are not scored, since many models take no empty batch."""
    score = modelpack.pyfunc.spark_udf(spark, save(lambda rows, _: rows.iloc[0]), "array<double>")
    assert values(table(spark, a="id").where("id > 9"), score("a")) == []


def test_archives_are_made_once(spark: Any, save: SaveModel) -> None:
    """A model goes to a session once, however many functions are made of it."""
    path = save(lambda rows, _: rows)
    functions = spark.sparkContext._jvm.org.apache.spark.SparkFiles
    before = set(Path(functions.getRootDirectory()).iterdir())
    shipped = len(_SHIPPED.get(spark, ()))
    for _ in range(2):
        modelpack.pyfunc.spark_udf(spark, path)
    assert len(_SHIPPED[spark]) == shipped + 1
    assert len(set(Path(functions.getRootDirectory()).iterdir()) - before) <= 1

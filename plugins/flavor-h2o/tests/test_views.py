"""The two views of a model: its MOJO in this process, and H2O itself; they answer the same."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import modelpack
from modelpack.errors import InvalidArgumentError, ModelpackWarning, SchemaError

Train = Callable[..., Any]
ROUNDING = 1e-12
TREES = {"ntrees": 4, "seed": 1}


def make(name: str) -> Any:
    """An estimator by the name of a case."""
    from h2o import estimators

    made: dict[str, Callable[[], Any]] = {
        "gbm": lambda: estimators.H2OGradientBoostingEstimator(**TREES),
        "drf": lambda: estimators.H2ORandomForestEstimator(**TREES),
        "xgboost": lambda: estimators.H2OXGBoostEstimator(**TREES),
        "glm": lambda: estimators.H2OGeneralizedLinearEstimator(family="binomial"),
        "deep": lambda: estimators.H2ODeepLearningEstimator(hidden=[6], epochs=2, seed=1, reproducible=True),
        "k-means": lambda: estimators.H2OKMeansEstimator(k=3, seed=1),
        "isolation": lambda: estimators.H2OIsolationForestEstimator(**TREES),
        "offset": lambda: estimators.H2OGradientBoostingEstimator(**TREES, offset_column="shift"),
        "one-hot": lambda: estimators.H2OGradientBoostingEstimator(**TREES, categorical_encoding="OneHotExplicit"),
        "skipping": lambda: estimators.H2OGeneralizedLinearEstimator(family="binomial", missing_values_handling="Skip"),
        "gam": lambda: estimators.H2OGeneralizedAdditiveEstimator(family="gaussian", gam_columns=["shift"]),
        "pca": lambda: estimators.H2OPrincipalComponentAnalysisEstimator(k=2, impute_missing=True),
    }
    return made[name]()


def keys(running: Any) -> set[str]:
    """Everything that lives in H2O."""
    with warnings.catch_warnings(action="ignore"):
        return set(running.ls()["key"])


def both(model: Any, path: Path) -> tuple[Any, Any]:
    """The views of a model that is saved now."""
    modelpack.save_model(model, path, signature=False)
    mojo, binary = (modelpack.pyfunc.load_model(path, view=view) for view in ("mojo", "binary"))
    return mojo, binary


@pytest.mark.parametrize(
    ("name", "target", "tolerance"),
    [
        ("gbm", "number", 0),
        ("gbm", "two", 0),
        ("gbm", "bit", 0),
        ("drf", "three", 0),
        ("xgboost", "two", 0),
        ("glm", "two", ROUNDING),
        ("deep", "three", ROUNDING),
        ("k-means", None, 0),
        ("isolation", None, 0),
    ],
)
def test_the_mojo_answers_what_h2o_answers(
    name: str, target: str | None, tolerance: float, train: Train, rows: pd.DataFrame, tmp_path: Path
) -> None:
    """Names, types and values, for rows as in training, with levels that are new, and with missing values."""
    mojo, binary = both(train(make(name), target), tmp_path / "model")
    odd = rows.head(6).copy()
    odd["city"] = ["Paris", None, "Bonn", 'a, "b"', "", "Köln"]
    odd["flag"] = pd.Series([True, None, False, True, None, False], dtype="boolean")
    odd.loc[1, "age"], odd.loc[2, "when"] = np.nan, pd.NaT
    for given in (rows, odd, rows.iloc[[3]]):
        one, other = mojo.predict(given), binary.predict(given)
        pd.testing.assert_frame_equal(one, other, rtol=tolerance, atol=tolerance, check_exact=tolerance == 0)


@pytest.mark.parametrize("target", ["number", "two", "bit", "three"])
def test_both_answer_what_the_library_does(
    target: str, train: Train, predicted: Callable[..., pd.DataFrame], rows: pd.DataFrame, tmp_path: Path
) -> None:
    """As a DataFrame like that of `as_data_frame`, with the input's index (S86); labels 0 and 1 are whole numbers."""
    model = train(make("gbm"), target)
    expected = predicted(model, rows)
    index = [f"row {place}" for place in range(len(rows))]
    for view in both(model, tmp_path / "model"):
        answer = view.predict(rows.set_axis(index))
        assert answer.index.tolist() == index
        pd.testing.assert_frame_equal(answer.reset_index(drop=True), expected, rtol=ROUNDING, atol=ROUNDING)


def test_offsets_reach_the_model(train: Train, rows: pd.DataFrame, tmp_path: Path) -> None:
    """In both views, and a frame without them is refused: H2O would refuse it, too."""
    mojo, binary = both(train(make("offset"), "number"), tmp_path / "model")
    shifted = rows.assign(shift=2.0)
    pd.testing.assert_frame_equal(mojo.predict(shifted), binary.predict(shifted), rtol=ROUNDING)
    difference = mojo.predict(shifted)["predict"] - mojo.predict(rows.assign(shift=0.0))["predict"]
    np.testing.assert_allclose(difference, 2.0, rtol=1e-6)
    for view in (mojo, binary):
        with pytest.raises(SchemaError, match="missing columns: 'shift'"):
            view.predict(rows)


@pytest.mark.parametrize(
    ("name", "target", "reason"),
    [
        ("one-hot", "two", "columns that H2O makes of the model's own"),
        ("skipping", "two", "refuses rows in which something is missing"),
        ("gam", "number", "columns that H2O makes of the model's own"),
        ("pca", None, "no MOJO of the category DimReduction"),
    ],
)
def test_model_whose_mojo_cannot_stand_for_it_is_scored_by_h2o(
    name: str,
    target: str | None,
    reason: str,
    train: Train,
    predicted: Callable[..., pd.DataFrame],
    rows: pd.DataFrame,
    tmp_path: Path,
) -> None:
    """It is told when the model is saved, and nothing but the binary is written."""
    model, given = train(make(name), target), rows.assign(shift=0.5)
    with pytest.warns(ModelpackWarning, match=reason):
        modelpack.save_model(model, tmp_path / "model", signature=False)
    assert [*(tmp_path / "model").rglob("*.zip")] == []
    view = modelpack.pyfunc.load_model(tmp_path / "model")
    pd.testing.assert_frame_equal(view.predict(given), predicted(model, given), check_dtype=False, rtol=ROUNDING)
    gap = given.assign(city=None)
    assert len(view.predict(gap)) == len(gap)
    with pytest.raises(InvalidArgumentError, match="has no MOJO"):
        modelpack.pyfunc.load_model(tmp_path / "model", view="mojo")


@pytest.mark.parametrize("view", ["mojo", "binary"])
def test_values_of_other_types_are_the_same(view: str, saved: Path, rows: pd.DataFrame) -> None:
    """Categories, strings, nullable numbers, other times and widths, columns in another order and too many."""
    model = modelpack.pyfunc.load_model(saved, view=view, policy="lenient")
    expected = model.predict(rows)
    told = [
        rows.assign(city=rows["city"].astype("category")),
        rows.assign(city=rows["city"].astype("string"), floor=rows["floor"].astype("Int64")),
        rows.assign(age=rows["age"].astype("Float64"), flag=rows["flag"].astype("boolean")),
        rows.assign(when=rows["when"].astype("datetime64[ns]")),
        rows[rows.columns[::-1]].assign(note="of no model"),
    ]
    for given in told:
        pd.testing.assert_frame_equal(model.predict(given), expected)


@pytest.mark.parametrize("view", ["mojo", "binary"])
def test_without_a_signature_the_model_knows_its_columns(
    view: str, binomial: Any, rows: pd.DataFrame, tmp_path: Path
) -> None:
    """Times with a zone, truths as texts and numbers, rows without names; texts for numbers are refused by name."""
    modelpack.save_model(binomial, tmp_path / "model", signature=False)
    model = modelpack.pyfunc.load_model(tmp_path / "model", view=view)
    expected = model.predict(rows)
    zoned = rows["when"].dt.tz_localize("UTC").dt.tz_convert("Asia/Tokyo")
    for given in (rows.assign(when=zoned), rows.assign(flag=rows["flag"].astype(str)), rows.set_axis(range(5), axis=1)):
        pd.testing.assert_frame_equal(model.predict(given), expected)
    with pytest.raises(SchemaError, match="numbers in the column 'age'"):
        model.predict(rows.assign(age="old"))
    with pytest.raises(SchemaError, match="missing columns: 'city'"):
        model.predict(rows.drop(columns="city"))
    with pytest.raises(SchemaError, match="5 columns"):
        model.predict(rows.iloc[:, :3].set_axis(range(3), axis=1))


@pytest.mark.parametrize("view", ["mojo", "binary"])
def test_no_rows_give_no_predictions(view: str, saved: Path, rows: pd.DataFrame) -> None:
    """With the columns and types of others."""
    model = modelpack.pyfunc.load_model(saved, view=view)
    none, some = model.predict(rows.head(0)), model.predict(rows.head(1))
    assert len(none) == 0
    assert none.dtypes.to_dict() == some.dtypes.to_dict()


def test_threads_share_a_mojo(train: Train, rows: pd.DataFrame, tmp_path: Path) -> None:
    """For kinds of models that keep something of their own while they score."""
    for name in ("deep", "glm", "xgboost"):
        mojo, _ = both(train(make(name), "two"), tmp_path / name)
        expected = mojo.predict(rows)
        with ThreadPoolExecutor(8) as pool:
            for answer in pool.map(mojo.predict, [rows] * 64):
                pd.testing.assert_frame_equal(answer, expected)


def test_h2o_is_left_as_it_was(h2o_running: Any, train: Train, rows: pd.DataFrame, tmp_path: Path) -> None:
    """No frame, no metrics and no upload stay behind, also when a prediction fails; several threads may predict."""
    _, binary = both(train(make("k-means"), None), tmp_path / "model")
    before = keys(h2o_running)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(binary.predict, [rows.iloc[[place]] for place in range(8)]))
    assert [len(answer) for answer in answers] == [1] * 8
    modelpack.load_model(tmp_path / "model")
    assert keys(h2o_running) == before


def test_rows_in_which_everything_is_missing(train: Train, tmp_path: Path) -> None:
    """They are rows, where there is one column as well."""
    mojo, binary = both(train(make("gbm"), "number", ["age"]), tmp_path / "model")
    given = pd.DataFrame({"age": [np.nan, 1.0, np.nan, np.nan]})
    pd.testing.assert_frame_equal(mojo.predict(given), binary.predict(given))
    assert len(binary.predict(given.head(1))) == 1


def test_loads_are_silent(saved: Path, rows: pd.DataFrame, capfd: pytest.CaptureFixture[str]) -> None:
    """What H2O's client prints does not reach the standard output."""
    capfd.readouterr()
    with warnings.catch_warnings(action="error"):
        for view in ("mojo", "binary"):
            modelpack.pyfunc.load_model(saved, view=view).predict(rows)
    assert capfd.readouterr().out == ""

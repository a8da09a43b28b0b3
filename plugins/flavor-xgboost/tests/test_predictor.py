"""The generic Python view: columns, categories, params, labels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xgboost

import modelpack
from modelpack.errors import ModelpackError, ModelpackWarning, SchemaError
from modelpack_flavor_xgboost.predictor import XGBoostPredictor

NUMBERS = ["area", "rooms"]


def as_text(houses: pd.DataFrame) -> pd.DataFrame:
    """The categories as they come from JSON or CSV."""
    return houses.assign(city=houses["city"].astype(str), zone=houses["zone"].astype(int))


@pytest.fixture(scope="session")
def of_categories(houses: pd.DataFrame, prices: pd.Series) -> Any:
    """An estimator with two categorical columns."""
    return xgboost.XGBRegressor(n_estimators=8, enable_categorical=True, n_jobs=1).fit(houses, prices)


@pytest.fixture(scope="session")
def of_numbers(houses: pd.DataFrame, prices: pd.Series) -> Any:
    """A booster that knows names."""
    return xgboost.train({"max_depth": 3, "nthread": 1}, xgboost.DMatrix(houses[NUMBERS], prices), 4)


@pytest.mark.parametrize("kind", ["estimator", "booster"])
@pytest.mark.parametrize("signed", ["signed", "unsigned"])
def test_categories_come_as_text(
    of_categories: Any, houses: pd.DataFrame, tmp_path: Path, kind: str, signed: str
) -> None:
    """Text and numbers mean the categories of the training data, whichever of them are in the batch."""
    model = of_categories if kind == "estimator" else of_categories.get_booster()
    signature = modelpack.infer_signature(as_text(houses)) if signed == "signed" else None
    modelpack.save_model(model, tmp_path / "model", signature=signature)
    loaded = modelpack.pyfunc.load_model(tmp_path / "model")
    expected = of_categories.predict(houses)
    np.testing.assert_array_equal(loaded.predict(as_text(houses)), expected)
    np.testing.assert_array_equal(loaded.predict(as_text(houses)[3:4]), expected[3:4])
    shuffled = as_text(houses)[["zone", "city", "garden", "rooms", "area"]]
    np.testing.assert_array_equal(loaded.predict(shuffled), expected)
    assert np.unique(expected).size > 5, "the categories make a difference"


def test_categories_come_as_categories(of_categories: Any, houses: pd.DataFrame) -> None:
    """In whatever order a frame has them."""
    other = houses.assign(city=pd.Categorical(houses["city"], categories=["Ulm", "Bonn", "Kiel"]))
    expected = of_categories.predict(houses)
    np.testing.assert_array_equal(XGBoostPredictor(of_categories).predict(other), expected)


@pytest.mark.parametrize("kind", ["text", "category"])
def test_category_that_was_never_seen_is_refused(kind: str, of_categories: Any, houses: pd.DataFrame) -> None:
    """XGBoost 3.2 takes some for another one that it knows."""
    rows = houses.assign(city=pd.Series(["Aachen"] * 79 + ["Bonn"]).astype("category" if kind == "category" else "str"))
    with pytest.raises(SchemaError, match="'city' holds 'Aachen', which the model never saw; it knows 'Bonn', 'Kiel'"):
        XGBoostPredictor(of_categories).predict(rows)


def test_categories_beyond_ascii(houses: pd.DataFrame, prices: pd.Series) -> None:
    """XGBoost 3.2 damages them in the model: text could mean anything, categories are left to XGBoost."""
    rows = houses[["city", "area"]].assign(city=houses["city"].cat.rename_categories({"Kiel": "Köln"}))
    model = xgboost.XGBRegressor(n_estimators=3, enable_categorical=True, n_jobs=1).fit(rows, prices)
    np.testing.assert_array_equal(XGBoostPredictor(model).predict(rows), model.predict(rows))
    with pytest.raises(SchemaError, match="'city' holds text, and the model does not tell"):
        XGBoostPredictor(model).predict(rows.assign(city=rows["city"].astype(str)))


def test_nulls_among_categories(of_categories: Any, houses: pd.DataFrame) -> None:
    """A null is a null, also where nothing else is in the batch, and numbers beside it are whole ones."""
    rows = houses.copy()
    rows.loc[::2, ["city", "zone"]] = None
    text = rows.assign(city=rows["city"].astype(object), zone=rows["zone"].astype(float))
    predictor = XGBoostPredictor(of_categories)
    np.testing.assert_array_equal(predictor.predict(text), of_categories.predict(rows))
    alone = rows.iloc[[0]].assign(zone=pd.Categorical([3], categories=[3, 5, 9]))
    given = alone.assign(city=pd.Series([None], index=[0], dtype=object), zone=3)
    np.testing.assert_array_equal(predictor.predict(given), of_categories.predict(alone))


def test_frame_is_left_unchanged(of_categories: Any, houses: pd.DataFrame) -> None:
    """Categories are made in a copy."""
    given = as_text(houses)
    XGBoostPredictor(of_categories).predict(given)
    pd.testing.assert_frame_equal(given, as_text(houses))


def test_text_without_known_categories_is_refused(houses: pd.DataFrame, prices: pd.Series) -> None:
    """A model that knows codes only could take text for anything."""
    rows = np.c_[houses["area"], houses["city"].cat.codes]
    matrix = xgboost.DMatrix(rows, prices, feature_names=["area", "city"], feature_types=["float", "c"])
    predictor = XGBoostPredictor(xgboost.train({"nthread": 1}, matrix, 2))
    with pytest.raises(SchemaError, match="'city' holds text"):
        predictor.predict(as_text(houses)[["area", "city"]])
    codes = pd.DataFrame(rows, columns=["area", "city"])
    assert len(predictor.predict(codes)) == len(rows)


def test_columns_are_found_by_name(of_numbers: Any, houses: pd.DataFrame) -> None:
    """In any order."""
    expected = of_numbers.predict(xgboost.DMatrix(houses[NUMBERS]))
    np.testing.assert_array_equal(XGBoostPredictor(of_numbers).predict(houses[["rooms", "area"]]), expected)


def test_missing_and_unexpected_columns_are_named(of_numbers: Any, houses: pd.DataFrame) -> None:
    """Before XGBoost is asked."""
    with pytest.raises(SchemaError, match="missing columns: 'rooms'; unexpected columns: 'Room'"):
        XGBoostPredictor(of_numbers).predict(houses[NUMBERS].rename(columns={"rooms": "Room"}))


@pytest.mark.parametrize("booster", ["gbtree", "dart", "gblinear"])
def test_narrow_array_is_refused(booster: str) -> None:
    """XGBoost itself answers as if the other columns were null."""
    rows = np.random.default_rng(0).normal(size=(30, 3))
    params = {"booster": booster, "nthread": 1}
    predictor = XGBoostPredictor(xgboost.train(params, xgboost.DMatrix(rows, rows.sum(axis=1)), 2))
    with pytest.raises(SchemaError, match="3 columns, not one of shape"):
        predictor.predict(rows[:, :2])


def test_sparse_rows(of_numbers: Any, houses: pd.DataFrame) -> None:
    """What is not stored is null, as XGBoost sees it."""
    from scipy import sparse

    rows = sparse.csr_matrix(houses[NUMBERS].fillna(0).to_numpy())
    expected = of_numbers.predict(xgboost.DMatrix(rows), validate_features=False)
    np.testing.assert_array_equal(XGBoostPredictor(of_numbers).predict(rows), expected)


def test_arrays_are_taken_where_they_mean_the_same(of_numbers: Any, of_categories: Any, houses: pd.DataFrame) -> None:
    """Columns in the model's order, none of them categorical, none of them the query of a ranker."""
    signature = modelpack.infer_signature(houses[NUMBERS])
    other = modelpack.infer_signature(houses[["rooms", "area"]])
    assert XGBoostPredictor(of_numbers, signature).takes_arrays
    assert not XGBoostPredictor(of_numbers, other).takes_arrays
    assert not XGBoostPredictor(of_numbers).takes_arrays
    assert not XGBoostPredictor(of_categories, modelpack.infer_signature(as_text(houses))).takes_arrays


@pytest.mark.parametrize(
    "params", [{"output_margin": True}, {"pred_contribs": True}, {"iteration_range": [0, 1]}, {"strict_shape": True}]
)
def test_params_of_a_booster(params: dict[str, Any], of_numbers: Any, houses: pd.DataFrame) -> None:
    """Each does what it does in XGBoost."""
    expected = of_numbers.predict(xgboost.DMatrix(houses[NUMBERS]), **params)
    np.testing.assert_array_equal(XGBoostPredictor(of_numbers).predict(houses[NUMBERS], params), expected)


def test_param_that_predict_does_not_have(of_categories: Any, houses: pd.DataFrame) -> None:
    """It is ignored, as MLflow does, and said."""
    with pytest.warns(ModelpackWarning, match="no pred_leaf"):
        answer = XGBoostPredictor(of_categories).predict(houses, {"pred_leaf": True})
    np.testing.assert_array_equal(answer, of_categories.predict(houses))


def test_query_of_a_ranker_is_no_feature(houses: pd.DataFrame) -> None:
    """It may stand among the columns, as it does where XGBoost is trained."""
    rows = houses[NUMBERS].assign(qid=np.repeat(range(8), 10))
    model = xgboost.XGBRanker(n_estimators=3, n_jobs=1).fit(rows, np.arange(80) % 4)
    predictor = XGBoostPredictor(model)
    np.testing.assert_array_equal(predictor.predict(rows), model.predict(rows))
    np.testing.assert_array_equal(predictor.predict(rows[NUMBERS]), model.predict(rows))


@pytest.mark.parametrize("form", ["ubj", "json"])
def test_labels_that_an_old_release_encoded(form: str, houses: pd.DataFrame, tmp_path: Path) -> None:
    """XGBoost before 1.6 kept the labels beside the trees; today's forgets them and answers positions."""
    model = xgboost.XGBClassifier(n_estimators=3, n_jobs=1).fit(houses[NUMBERS], np.arange(80) % 3)
    modelpack.save_model(model, tmp_path / "model", model_format=form)
    booster = model.get_booster()
    booster.set_attr(scikit_learn=json.dumps({"_le": {"classes_": [3, 5, 9]}, "n_classes_": 3}))
    (tmp_path / "model" / "MANIFEST.sha256").unlink()
    booster.save_model(tmp_path / "model" / f"model.{form}")
    answer = modelpack.pyfunc.load_model(tmp_path / "model").predict(houses[NUMBERS])
    np.testing.assert_array_equal(answer, np.array([3, 5, 9])[model.predict(houses[NUMBERS])])


def test_column_of_a_batch_that_the_model_cannot_take(of_categories: Any, houses: pd.DataFrame, tmp_path: Path) -> None:
    """XGBoost's own error comes through as one of the model."""
    modelpack.save_model(of_categories, tmp_path / "model")
    loaded = modelpack.pyfunc.load_model(tmp_path / "model")
    with pytest.raises((ModelpackError, ValueError), match="area"):
        loaded.predict(as_text(houses).assign(area="large"))

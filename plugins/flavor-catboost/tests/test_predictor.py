"""The generic Python view: columns, categories, texts, and what `predict` may be asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import catboost
import numpy as np
import pandas as pd
import pytest

import modelpack
from modelpack.errors import ModelFailureError, SchemaError
from modelpack_flavor_catboost.predictor import CatBoostPredictor


@pytest.fixture
def scorer(classifier: Any) -> CatBoostPredictor:
    """The view of a model with categories."""
    return CatBoostPredictor(classifier)


@pytest.mark.parametrize("order", [["floor", "city", "height", "age"], ["city", "age", "floor", "height"]], ids=str)
def test_reordered_columns_are_put_in_order(
    order: list[str], scorer: CatBoostPredictor, classifier: Any, people: pd.DataFrame
) -> None:
    """CatBoost looks for categories by place, and fails or reads numbers as categories."""
    params = {"prediction_type": "Probability"}
    np.testing.assert_array_equal(scorer.predict(people[order], params), classifier.predict_proba(people))


def test_missing_and_unexpected_columns_are_named(scorer: CatBoostPredictor, people: pd.DataFrame) -> None:
    """Not their numbers."""
    with pytest.raises(SchemaError, match="missing columns: 'city'"):
        scorer.predict(people.drop(columns="city"))
    with pytest.raises(SchemaError, match="'town'"):
        scorer.predict(people.rename(columns={"city": "town"}))


@pytest.mark.parametrize("width", [1, 3])
def test_arrays_are_counted(width: int, regressor: Any) -> None:
    """CatBoost does not look at columns beyond those that it knows."""
    with pytest.raises(SchemaError, match=f"2 columns.*{width}"):
        CatBoostPredictor(regressor).predict(np.zeros((3, width)))


def test_model_of_an_array_takes_columns_by_place(numbers: pd.DataFrame) -> None:
    """It knows no names, but their number."""
    model = catboost.CatBoostRegressor(iterations=2, verbose=False, allow_writing_files=False)
    predictor = CatBoostPredictor(model.fit(numbers.to_numpy(), numbers["age"]))
    np.testing.assert_array_equal(predictor.predict(numbers), model.predict(numbers.to_numpy()))
    with pytest.raises(SchemaError, match="2 columns"):
        predictor.predict(numbers.assign(weight=1.0))


@pytest.mark.parametrize(
    "values",
    [
        pytest.param(pd.Series(["Ulm", None] * 20, dtype=object), id="None"),
        pytest.param(pd.Series(["Ulm", np.nan] * 20, dtype=object), id="NaN"),
        pytest.param(pd.Series(["Ulm", pd.NA] * 20, dtype="string"), id="NA"),
        pytest.param(pd.Series(["Ulm", None] * 20, dtype="category"), id="category"),
    ],
)
def test_missing_categories_are_told_by_column(values: Any, scorer: CatBoostPredictor, people: pd.DataFrame) -> None:
    """CatBoost's own errors name a type or a row, and no column."""
    with pytest.raises(SchemaError, match=r"no missing values among categories and texts.*'city'") as raised:
        scorer.predict(people.assign(city=values))
    assert "'missing'" in str(raised.value.hint)


@pytest.mark.parametrize("dtype", ["object", "str", "string", "category"])
def test_categories_of_every_text_type_are_the_same(
    dtype: Any, scorer: CatBoostPredictor, classifier: Any, people: pd.DataFrame
) -> None:
    """As are whole numbers of other widths, and those that come as text."""
    given = people.assign(city=people["city"].astype(dtype), floor=people["floor"].astype("int32"))
    np.testing.assert_array_equal(scorer.predict(given), classifier.predict(people))
    as_text = people.assign(floor=people["floor"].astype(str))
    np.testing.assert_array_equal(scorer.predict(as_text), classifier.predict(people))


def test_missing_numbers_are_scored(scorer: CatBoostPredictor, classifier: Any, people: pd.DataFrame) -> None:
    """CatBoost has a place for them."""
    given = people.assign(age=np.nan)
    np.testing.assert_array_equal(scorer.predict(given), classifier.predict(given))


def test_other_failures_stay_the_librarys(scorer: CatBoostPredictor, people: pd.DataFrame, tmp_path: Path) -> None:
    """A number that is none is told as CatBoost tells it."""
    with pytest.raises(catboost.CatBoostError, match="num_feature"):
        scorer.predict(people.assign(age="old"))
    modelpack.save_model(scorer._model, tmp_path / "model")
    with pytest.raises(ModelFailureError, match="failed to predict"):
        modelpack.pyfunc.load_model(tmp_path / "model").predict(people.assign(age="old"))


def test_rows_of_numbers_and_texts_may_come_as_lists(
    scorer: CatBoostPredictor, classifier: Any, people: pd.DataFrame
) -> None:
    """One list a row, as in JSON."""
    rows = people.to_numpy(dtype=object).tolist()
    np.testing.assert_array_equal(scorer.predict(rows), classifier.predict(people))


def test_params_are_arguments_of_predict(classifier: Any, people: pd.DataFrame, tmp_path: Path) -> None:
    """A signature with a default makes a model answer probabilities."""
    probabilities = classifier.predict_proba(people)
    signature = modelpack.infer_signature(people, probabilities, {"prediction_type": "Probability", "ntree_end": 0})
    modelpack.save_model(classifier, tmp_path / "model", signature=signature)
    model = modelpack.pyfunc.load_model(tmp_path / "model")
    np.testing.assert_array_equal(model.predict(people), probabilities)
    raw = classifier.predict(people, prediction_type="RawFormulaVal", ntree_end=2)
    np.testing.assert_array_equal(model.predict(people, {"prediction_type": "RawFormulaVal", "ntree_end": 2}), raw)


def test_arrays_are_taken_of_numbers_alone(regressor: Any, scorer: CatBoostPredictor) -> None:
    """An array of one type cannot hold texts beside numbers."""
    assert CatBoostPredictor(regressor).takes_arrays
    assert not scorer.takes_arrays


def test_embeddings_are_read_from_cells(numbers: pd.DataFrame, tmp_path: Path) -> None:
    """Lists of numbers in a column."""
    vectors: Any = [[float(place), 1.0, 2.0] for place in range(len(numbers))]
    rows = numbers.assign(vector=vectors)
    model = catboost.CatBoostRegressor(
        iterations=2, verbose=False, allow_writing_files=False, embedding_features=["vector"]
    ).fit(rows, numbers["age"])
    modelpack.save_model(model, tmp_path / "model", input_example=rows.head(2))
    answer = modelpack.pyfunc.load_model(tmp_path / "model").predict(rows)
    np.testing.assert_array_equal(answer, model.predict(rows))

"""Columns, categories, formats and files of the LightGBM flavor."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
import pytest

import modelpack
import modelpack_flavor_lightgbm as flavor
from modelpack.errors import (
    InvalidArgumentError,
    InvalidModelError,
    ModelpackWarning,
    SchemaError,
    TrustError,
)
from modelpack_flavor_lightgbm import files
from modelpack_flavor_lightgbm.predictor import LightGBMPredictor

NUMBERS = ["area", "rooms"]
TRAINING = {"num_leaves": 6, "min_data_in_leaf": 2, "min_data_per_group": 1, "num_threads": 1, "verbose": -1}
SMALL: dict[str, Any] = {"n_estimators": 3, "num_leaves": 4, "n_jobs": 1, "verbose": -1}


@pytest.fixture(scope="session")
def of_numbers(houses: pd.DataFrame, prices: pd.Series) -> Any:
    """A booster that knows names."""
    return lightgbm.train(TRAINING, lightgbm.Dataset(houses[NUMBERS], prices), 4)


@pytest.fixture(scope="session")
def of_categories(houses: pd.DataFrame, prices: pd.Series) -> Any:
    """A booster with a categorical column of text and one of numbers."""
    return lightgbm.train(TRAINING, lightgbm.Dataset(houses, prices), 8)


def test_columns_in_another_order_are_put_right(of_numbers: Any, houses: pd.DataFrame, tmp_path: Path) -> None:
    """LightGBM itself answers wrongly, and says nothing."""
    expected = of_numbers.predict(houses[NUMBERS])
    turned = houses[NUMBERS[::-1]]
    assert not np.array_equal(of_numbers.predict(turned), expected)
    modelpack.save_model(of_numbers, tmp_path / "model")
    np.testing.assert_array_equal(modelpack.pyfunc.load_model(tmp_path / "model").predict(turned), expected)


def test_missing_and_unexpected_columns_are_named(of_numbers: Any, houses: pd.DataFrame) -> None:
    """As many columns of other names would be answered, too."""
    with pytest.raises(SchemaError, match="missing columns: 'rooms'; unexpected columns: 'Room'"):
        LightGBMPredictor(of_numbers).predict(houses[NUMBERS].rename(columns={"rooms": "Room"}))


def test_arrays_are_counted(of_numbers: Any) -> None:
    """Of the model's width, or not at all."""
    with pytest.raises(SchemaError, match="2 columns, not one of shape"):
        LightGBMPredictor(of_numbers).predict(np.zeros((4, 3)))


@pytest.mark.parametrize("signed", ["signed", "unsigned"])
def test_categories_come_as_text(of_categories: Any, houses: pd.DataFrame, tmp_path: Path, signed: str) -> None:
    """Text and numbers mean the categories of the training data, whichever of them are in the batch."""
    text = houses.assign(city=houses["city"].astype(str), zone=houses["zone"].astype(int))
    signature = modelpack.infer_signature(text) if signed == "signed" else None
    modelpack.save_model(of_categories, tmp_path / "model", signature=signature)
    loaded = modelpack.pyfunc.load_model(tmp_path / "model")
    expected = of_categories.predict(houses)
    np.testing.assert_array_equal(loaded.predict(text), expected)
    np.testing.assert_array_equal(loaded.predict(text[3:4]), expected[3:4])
    np.testing.assert_array_equal(loaded.predict(text[text.columns[::-1]]), expected)


def test_category_that_was_never_seen_is_a_null(of_categories: Any, houses: pd.DataFrame) -> None:
    """As in LightGBM."""
    expected = of_categories.predict(houses.assign(city=pd.Categorical(["Aachen"] * len(houses))))
    text = houses.assign(city="Aachen", zone=houses["zone"].astype(int))
    np.testing.assert_array_equal(LightGBMPredictor(of_categories).predict(text), expected)


@pytest.mark.parametrize("form", ["skops", "cloudpickle", "pickle"])
def test_an_estimator_comes_back_whole(form: str, houses: pd.DataFrame, tmp_path: Path) -> None:
    """Labels, probabilities, names and params."""
    target = np.where(houses["rooms"] > 2, "large", "small")
    model = lightgbm.LGBMClassifier(**SMALL).fit(houses[NUMBERS], target)
    info = flavor.save_model(model, tmp_path / "model", serialization_format=form)
    assert info.flavors["lightgbm"]["serialization_format"] == form
    loaded = flavor.load_model(tmp_path / "model")
    assert loaded.classes_.tolist() == ["large", "small"]
    assert (loaded.n_features_in_, loaded.feature_name_) == (2, NUMBERS)
    assert loaded.get_params() == model.get_params()
    np.testing.assert_array_equal(loaded.predict_proba(houses[NUMBERS]), model.predict_proba(houses[NUMBERS]))
    np.testing.assert_array_equal(loaded.predict(houses[NUMBERS]), model.predict(houses[NUMBERS]))


def test_what_skops_cannot_hold_is_saved_with_cloudpickle(
    houses: pd.DataFrame, prices: pd.Series, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a warning, and for those who trust it."""
    model = lightgbm.LGBMRegressor(**SMALL, objective=lambda truth, answer: (answer - truth, np.ones(len(truth))))
    model.fit(houses[NUMBERS], prices)
    with pytest.warns(ModelpackWarning, match="saved with cloudpickle instead"):
        flavor.save_model(model, tmp_path / "model")
    with pytest.raises(InvalidArgumentError, match="skops cannot hold this LGBMRegressor"):
        flavor.save_model(model, tmp_path / "other", serialization_format="skops")
    monkeypatch.setenv("MODELPACK_HOME", str(tmp_path / "stranger"))
    with pytest.raises(TrustError, match="pickle"):
        flavor.load_model(tmp_path / "model")
    loaded = flavor.load_model(tmp_path / "model", trust=True)
    np.testing.assert_array_equal(loaded.predict(houses[NUMBERS]), model.predict(houses[NUMBERS]))


def test_a_list_of_trusted_types_in_the_model_has_no_effect(houses: pd.DataFrame, tmp_path: Path) -> None:
    """What else a skops file holds needs the caller's trust."""
    import skops.io
    from sklearn.feature_selection import SelectKBest, f_classif

    path = tmp_path / "model.skops"
    skops.io.dump(SelectKBest(f_classif, k=1).fit(houses[["rooms"]], houses["garden"]), path)

    def refuse(reason: str) -> None:
        raise TrustError(reason)

    with pytest.raises(TrustError, match="f_classif"):
        files.read_skops(path, refuse)
    with pytest.raises(InvalidModelError, match="holds no booster"):
        files.read_skops(path, lambda _: None)


def test_an_estimator_that_was_not_fitted_is_refused(tmp_path: Path) -> None:
    """There is nothing to save of it."""
    with pytest.raises(InvalidArgumentError, match="LGBMClassifier has not been fitted"):
        flavor.save_model(lightgbm.LGBMClassifier(), tmp_path / "model")


def test_every_cut_is_noticed(of_categories: Any, tmp_path: Path) -> None:
    """Also that behind the last tree, where the categories stand, without which answers are wrong."""
    path = tmp_path / "model.lgb"
    files.write_text(of_categories, path)
    text = path.read_bytes()
    assert files.read_text(path).num_trees() == 8
    for length in range(0, len(text), 97):
        path.write_bytes(text[:length])
        with pytest.raises(InvalidModelError, match=r"model\.lgb is cut off"):
            files.read_text(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(InvalidModelError, match="no text"):
        files.read_text(path)


def test_a_file_of_lightgbm_itself_is_read(of_categories: Any, houses: pd.DataFrame, tmp_path: Path) -> None:
    """It is the same to the byte."""
    of_categories.save_model(tmp_path / "theirs.lgb")
    files.write_text(of_categories, tmp_path / "ours.lgb")
    assert (tmp_path / "theirs.lgb").read_bytes() == (tmp_path / "ours.lgb").read_bytes()
    loaded = files.read_text(tmp_path / "theirs.lgb")
    np.testing.assert_array_equal(loaded.predict(houses), of_categories.predict(houses))


def test_params_reach_predict(of_numbers: Any, houses: pd.DataFrame) -> None:
    """Those that it has; MLflow ignores all of them."""
    rows = houses[NUMBERS]
    expected = of_numbers.predict(rows, pred_contrib=True)
    np.testing.assert_array_equal(LightGBMPredictor(of_numbers).predict(rows, {"pred_contrib": True}), expected)
    with pytest.warns(ModelpackWarning, match="no threshold"):
        LightGBMPredictor(of_numbers).predict(rows, {"threshold": 1})


def test_default_environment() -> None:
    """With what reads the format, when that is asked for."""
    pip = flavor.get_default_conda_env(include_skops=True)["dependencies"][-1]["pip"]
    assert [line.partition("==")[0] for line in pip] == ["lightgbm", "skops"]

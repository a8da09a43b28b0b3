"""For each step of scikit-learn: a bundle, written and read again, answers what the pipeline answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

import modelpack_flavor_mleap
from modelpack_flavor_mleap import MLeapSerializationException
from modelpack_flavor_mleap.bundle import Bundle
from modelpack_flavor_mleap.sklearn.ensembles import comparable

pytest.importorskip("sklearn")

from sklearn.cluster import KMeans, MiniBatchKMeans
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.feature_selection import SelectFromModel, SelectKBest, VarianceThreshold
from sklearn.impute import SimpleImputer
from sklearn.linear_model import ElasticNet, Lasso, LinearRegression, LogisticRegression, Ridge
from sklearn.naive_bayes import BernoulliNB, GaussianNB, MultinomialNB
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import (
    Binarizer,
    FunctionTransformer,
    KBinsDiscretizer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

if TYPE_CHECKING:
    from pathlib import Path

NUMBERS = ["age", "height", "size", "same"]


def frame() -> pd.DataFrame:
    """Numbers, one of them constant, texts, and whole numbers of few values."""
    random = np.random.default_rng(3)
    table = pd.DataFrame(random.normal(size=(120, 3)), columns=NUMBERS[:3])
    table["same"] = 2.0
    table["town"] = random.choice(["Ulm", "Bonn", "Köln"], 120)
    table["door"] = random.choice(["left", "right"], 120)
    table["rooms"] = random.integers(1, 5, 120)
    return table


def numbers() -> pd.DataFrame:
    """The numbers alone."""
    return frame()[NUMBERS]


def target() -> Any:
    """A number to learn."""
    table = frame()
    return table["age"] * 2 - table["height"] + (table["town"] == "Ulm") * 3


def two() -> Any:
    """Two classes, of text."""
    return np.where(target() > 0.5, "more", "less")


def three() -> Any:
    """Three classes, of numbers that are not 0, 1, 2."""
    return np.digitize(target(), [-0.5, 1.5]) * 10 + 5


def zero_one() -> Any:
    """Two classes as numbers."""
    return (target() > 0).astype(int)


def mixed(*models: Any, **options: Any) -> Any:
    """Texts as vectors, numbers scaled, another column as it is."""
    encoded = ColumnTransformer(
        [
            ("town", OneHotEncoder(**options), ["town", "door"]),
            ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), NUMBERS),
            ("kept", "passthrough", ["rooms"]),
        ],
        sparse_threshold=0,
    )
    return make_pipeline(encoded, *models)


TRANSFORMERS = {
    "StandardScaler": StandardScaler(),
    "StandardScaler without mean": StandardScaler(with_mean=False),
    "StandardScaler of nothing": make_pipeline(StandardScaler(with_mean=False, with_std=False), MaxAbsScaler()),
    "RobustScaler": RobustScaler(),
    "MinMaxScaler": MinMaxScaler((-1, 3)),
    "MaxAbsScaler": MaxAbsScaler(),
    "Normalizer l1": Normalizer("l1"),
    "Normalizer l2": Normalizer("l2"),
    "Normalizer max": Normalizer("max"),
    "Binarizer": Binarizer(threshold=0.1),
    "PCA": PCA(2),
    "PCA whitened": PCA(3, whiten=True),
    "TruncatedSVD": TruncatedSVD(2),
    "PolynomialFeatures": PolynomialFeatures(3),
    "PolynomialFeatures of interactions": PolynomialFeatures(2, interaction_only=True, include_bias=False),
    "VarianceThreshold": VarianceThreshold(0.1),
    "SelectKBest": SelectKBest(k=2),
    "SelectFromModel": SelectFromModel(Lasso(0.1)),
    "SimpleImputer": SimpleImputer(strategy="median"),
    "SimpleImputer of a number": SimpleImputer(missing_values=2.0, strategy="constant", fill_value=-1.0),
    "KBinsDiscretizer": KBinsDiscretizer(4, encode="ordinal", strategy="kmeans", random_state=0),
    "KBinsDiscretizer as vectors": KBinsDiscretizer(3, encode="onehot-dense", strategy="uniform"),
    "FeatureUnion": FeatureUnion([("first", StandardScaler()), ("second", PCA(2)), ("third", "passthrough")]),
    "passthrough": FunctionTransformer(),
}


@pytest.mark.parametrize("name", TRANSFORMERS)
def test_transformer_makes_the_same_features(name: str, tmp_path: Path) -> None:
    """The columns that a bundle ends with are, side by side, the table that scikit-learn makes."""
    data = numbers().iloc[:, :3] if "KB" in name or "Imputer" in name else numbers()
    if "Imputer" in name:
        data.loc[5, "height"] = 2.0 if "of a number" in name else np.nan
    model = TRANSFORMERS[name].fit(data, zero_one())
    found = features(round_trip(model, tmp_path), data)
    np.testing.assert_allclose(found, model.transform(data), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    "options",
    [{}, {"handle_unknown": "ignore"}, {"drop": "first"}, {"drop": "if_binary"}],
    ids=["plain", "unknown ones ignored", "the first dropped", "one of two dropped"],
)
def test_one_hot_encoder_makes_the_same_vectors(options: dict[str, Any], tmp_path: Path) -> None:
    """Texts and numbers, and text that was never seen where that is ignored."""
    columns = ["town", "door", "rooms"]
    data = frame()[columns]
    model = OneHotEncoder(sparse_output=False, **options).fit(data)
    bundle = round_trip(model, tmp_path)
    if "handle_unknown" in options:
        data = pd.concat([data, pd.DataFrame([["Kiel", "left", 9]], columns=columns)], ignore_index=True)
    np.testing.assert_array_equal(features(bundle, data), model.transform(data))


def test_ordinal_encoder_makes_the_same_numbers(tmp_path: Path) -> None:
    """Texts and whole numbers; unknown ones by the number of categories."""
    data = frame()[["town", "rooms"]]
    model = OrdinalEncoder().fit(data)
    np.testing.assert_array_equal(features(round_trip(model, tmp_path / "a"), data), model.transform(data))
    lenient = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=3).fit(data[["town"]])
    new = pd.DataFrame({"town": ["Kiel", "Ulm"]})
    np.testing.assert_array_equal(features(round_trip(lenient, tmp_path / "b"), new), lenient.transform(new))


SMALL = {"n_estimators": 5, "max_depth": 4, "random_state": 0}
MODELS = {
    "LinearRegression": (LinearRegression(), target),
    "Ridge": (Ridge(), target),
    "ElasticNet": (ElasticNet(0.01), target),
    "LogisticRegression": (LogisticRegression(), two),
    "LogisticRegression of three": (LogisticRegression(), three),
    "LinearSVC": (LinearSVC(), two),
    "MultinomialNB": (make_pipeline(MinMaxScaler(), MultinomialNB()), three),
    "BernoulliNB": (BernoulliNB(binarize=0.2), two),
    "BernoulliNB of flags": (make_pipeline(Binarizer(), BernoulliNB(binarize=None)), two),
    "KMeans": (KMeans(3, n_init=1, random_state=0), None),
    "MiniBatchKMeans": (MiniBatchKMeans(3, n_init=1, random_state=0), None),
    "DecisionTreeClassifier": (DecisionTreeClassifier(max_depth=5), three),
    "DecisionTreeRegressor": (DecisionTreeRegressor(), target),
    "RandomForestClassifier": (RandomForestClassifier(**SMALL), two),
    "RandomForestRegressor": (RandomForestRegressor(**SMALL), target),
    "ExtraTreesClassifier": (ExtraTreesClassifier(**SMALL), zero_one),
    "ExtraTreesRegressor": (ExtraTreesRegressor(**SMALL), target),
    "GradientBoostingRegressor": (GradientBoostingRegressor(**SMALL), target),
    "GradientBoostingRegressor from zero": (GradientBoostingRegressor(**SMALL, init="zero"), target),
    "GradientBoostingClassifier": (GradientBoostingClassifier(**SMALL), two),
    "GradientBoostingClassifier from zero": (GradientBoostingClassifier(**SMALL, init="zero"), zero_one),
}


@pytest.mark.parametrize("name", MODELS)
def test_model_predicts_the_same(name: str, tmp_path: Path) -> None:
    """Classes with their labels, numbers, clusters; and probabilities where there are such."""
    model, learnt = MODELS[name]
    data = numbers()
    model.fit(data, None if learnt is None else learnt())
    bundle = round_trip(model, tmp_path)
    expected = model.predict(data)
    if expected.dtype.kind in "OU":
        assert bundle.predict(data).tolist() == expected.tolist()
    else:
        np.testing.assert_allclose(bundle.predict(data), expected, rtol=1e-9, atol=1e-9)
    if hasattr(model, "predict_proba"):
        np.testing.assert_allclose(
            bundle.predict(data, ["probability"]), model.predict_proba(data), rtol=1e-9, atol=1e-9
        )


@pytest.mark.parametrize(
    "model", [LogisticRegression(), RandomForestClassifier(**SMALL), Ridge()], ids=lambda each: type(each).__name__
)
def test_columns_of_several_kinds(model: Any, tmp_path: Path) -> None:
    """A ColumnTransformer of texts and numbers, with rows that lack a number, and a town that was never seen."""
    pipeline = mixed(model, handle_unknown="ignore").fit(frame(), zero_one())
    data = frame().head(30)
    data.loc[3, "age"] = np.nan
    data.loc[4, "town"] = "Kiel"
    np.testing.assert_allclose(round_trip(pipeline, tmp_path).predict(data), pipeline.predict(data), rtol=1e-9)


def test_columns_by_number_mask_and_remainder(tmp_path: Path) -> None:
    """A ColumnTransformer may choose its columns in any way, and keep the others."""
    data = frame().drop(columns=["door", "town"]).to_numpy()
    model = ColumnTransformer(
        [
            ("a", StandardScaler(), [1]),
            ("b", "passthrough", slice(2, 4)),
            ("c", MaxAbsScaler(), np.array([1, 0, 0, 0, 0], bool)),
        ],
        remainder="passthrough",
    ).fit(data)
    np.testing.assert_allclose(features(round_trip(model, tmp_path), data), model.transform(data))


def test_thresholds_are_those_of_single_precision() -> None:
    """scikit-learn rounds to single precision before it compares; the bundle compares doubles, to the same end."""
    random = np.random.default_rng(0)
    thresholds = np.concatenate([random.normal(size=200), random.normal(size=200).astype(np.float32), [0.0, 1.0, -2.0]])
    adjusted = comparable(thresholds)
    for values in (adjusted, np.nextafter(adjusted, np.inf), np.nextafter(adjusted, -np.inf), thresholds):
        np.testing.assert_array_equal(values.astype(np.float32) <= thresholds, values <= adjusted)


@pytest.mark.parametrize(
    ("model", "named"),
    [
        (make_pipeline(StandardScaler(), GaussianNB()), "step 'gaussiannb', the GaussianNB"),
        (make_pipeline(QuantileTransformer(n_quantiles=5), LogisticRegression()), "the QuantileTransformer"),
        (make_pipeline(StandardScaler(), SimpleImputer(), Ridge()), "SimpleImputer, cannot be written.*earlier step"),
        (make_pipeline(MinMaxScaler(clip=True), Ridge()), "clip"),
        (make_pipeline(FunctionTransformer(np.abs), Ridge()), "functions of Python"),
        (GaussianNB(), "the GaussianNB cannot be written"),
        (SimpleImputer(add_indicator=True), "add_indicator"),
    ],
    ids=["model", "transformer", "imputer too late", "clip", "function", "alone", "indicator"],
)
def test_unsupported_steps_are_named(model: Any, named: str, tmp_path: Path) -> None:
    """What cannot be written is named with its step, before anything is written."""
    model.fit(numbers().iloc[:, :3], zero_one())
    with pytest.raises(MLeapSerializationException, match=named):
        modelpack_flavor_mleap.save_model(model, None, tmp_path / "model")
    assert not list(tmp_path.iterdir())


def test_estimators_of_ones_own_are_refused(tmp_path: Path) -> None:
    """A class of one's own may do anything, whatever it derives from."""
    mine = type("Mine", (StandardScaler,), {})
    model = make_pipeline(mine(), Ridge()).fit(numbers(), target())
    with pytest.raises(MLeapSerializationException, match="the Mine"):
        modelpack_flavor_mleap.write_bundle(model, None, tmp_path)


def round_trip(model: Any, path: Path) -> Bundle:
    """The model's bundle, as it comes back from its files."""
    path.mkdir(exist_ok=True)
    modelpack_flavor_mleap.write_bundle(model, None, path)
    return Bundle.read(path / "mleap/model", path / "mleap/schema.json")


def features(bundle: Bundle, data: Any) -> Any:
    """What a bundle without a model answers: one vector for each row."""
    found = bundle.predict(data)
    assert found.ndim == 2
    return found

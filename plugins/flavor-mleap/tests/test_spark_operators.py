"""For each operator: a bundle, written and read again, answers in NumPy what the pipeline answers in Spark."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

import modelpack_flavor_mleap
from modelpack_flavor_mleap.bundle import Bundle
from modelpack_flavor_mleap.operators.hashing import hashed
from modelpack_flavor_mleap.spark.pipeline import convert

pyspark = pytest.importorskip("pyspark")

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@dataclass(frozen=True)
class Case:
    """A pipeline of one operator and what it needs, with the columns to compare."""

    name: str
    stages: Callable[[], list[Any]]
    columns: tuple[str, ...]
    exact: bool = False


def assembled(*columns: str, **options: Any) -> Any:
    """The columns as a vector `features`."""
    from pyspark.ml.feature import VectorAssembler

    return VectorAssembler(inputCols=list(columns) or ["a", "b", "c"], outputCol="features", **options)


def feature(name: str, source: str = "features", output: str = "out", **options: Any) -> Any:
    """A stage of `pyspark.ml.feature`."""
    import pyspark.ml.feature

    return getattr(pyspark.ml.feature, name)(inputCol=source, outputCol=output, **options)


def features(name: str, sources: list[str], outputs: list[str], **options: Any) -> Any:
    """A stage of `pyspark.ml.feature` for several columns."""
    import pyspark.ml.feature

    return getattr(pyspark.ml.feature, name)(inputCols=sources, outputCols=outputs, **options)


def selector(name: str, label: str = "kind", **options: Any) -> Any:
    """A stage that selects features."""
    import pyspark.ml.feature

    named = {} if name == "VarianceThresholdSelector" else {"labelCol": label}
    return getattr(pyspark.ml.feature, name)(featuresCol="features", outputCol="out", **named, **options)


def classifier(name: str, label: str = "label", **options: Any) -> Any:
    """A stage of `pyspark.ml.classification`."""
    import pyspark.ml.classification

    return getattr(pyspark.ml.classification, name)(labelCol=label, **options)


def regressor(name: str, **options: Any) -> Any:
    """A stage of `pyspark.ml.regression`."""
    import pyspark.ml.regression

    options.setdefault("labelCol", "target")
    return getattr(pyspark.ml.regression, name)(**options)


def generalized(family: str, link: str, label: str) -> list[Any]:
    """A generalized linear regression that also writes its sum."""
    options = {"family": family, "link": link, "labelCol": label, "linkPredictionCol": "sum"}
    return [assembled("a", "b"), regressor("GeneralizedLinearRegression", regParam=0.1, maxIter=5, **options)]


def categorical() -> list[Any]:
    """Categories and numbers in one vector, which Spark knows to be categories."""
    return [feature("StringIndexer", "color", "code"), assembled("code", "a", "b", "c", "size")]


def words() -> Any:
    """The words of the text."""
    return feature("Tokenizer", "words", "tokens")


def interaction(*columns: str) -> Any:
    """The products of columns."""
    from pyspark.ml.feature import Interaction

    return Interaction(inputCols=list(columns), outputCol="out")


def k_means(**options: Any) -> Any:
    """Clusters."""
    from pyspark.ml.clustering import KMeans

    return KMeans(seed=1, k=3, **options)


def vector_of(*numbers: float) -> Any:
    """A vector of Spark's."""
    from pyspark.ml.linalg import Vectors

    return Vectors.dense(numbers)


CLASS = ("rawPrediction", "probability", "prediction")
TREES: dict[str, Any] = {"maxDepth": 4, "seed": 3}

CASES = [
    Case("string_indexer", lambda: [feature("StringIndexer", "color")], ("out",), exact=True),
    Case("string_indexer of numbers", lambda: [feature("StringIndexer", "count")], ("out",), exact=True),
    Case("string_indexer of doubles", lambda: [feature("StringIndexer", "size")], ("out",), exact=True),
    Case(
        "string_indexer of several columns",
        lambda: [features("StringIndexer", ["color", "town"], ["out", "other"], stringOrderType="alphabetAsc")],
        ("out", "other"),
        exact=True,
    ),
    Case(
        "index_to_string by Spark's notes",
        lambda: [feature("StringIndexer", "color", "code"), feature("IndexToString", "code")],
        ("out",),
        exact=True,
    ),
    Case(
        "index_to_string by labels",
        lambda: [
            feature("StringIndexer", "color", "code"),
            feature("IndexToString", "code", labels=["w", "x", "y", "z"]),
        ],
        ("out",),
        exact=True,
    ),
    Case(
        "one_hot_encoder",
        lambda: [feature("StringIndexer", "color", "code"), feature("OneHotEncoder", "code")],
        ("out",),
        exact=True,
    ),
    Case(
        "one_hot_encoder of several columns, with every category",
        lambda: [
            features("StringIndexer", ["color", "town"], ["code", "place"]),
            features("OneHotEncoder", ["code", "place"], ["out", "other"], dropLast=False),
        ],
        ("out", "other"),
        exact=True,
    ),
    Case("vector_assembler", lambda: [assembled("a", "count", "flag", "size")], ("features",), exact=True),
    Case("standard_scaler", lambda: [assembled(), feature("StandardScaler", withMean=True)], ("out",)),
    Case("standard_scaler without mean", lambda: [assembled(), feature("StandardScaler")], ("out",)),
    Case("standard_scaler of nothing", lambda: [assembled(), feature("StandardScaler", withStd=False)], ("out",)),
    Case("min_max_scaler", lambda: [assembled(), feature("MinMaxScaler", min=-2.0, max=3.0)], ("out",)),
    Case("max_abs_scaler", lambda: [assembled(), feature("MaxAbsScaler")], ("out",)),
    Case("binarizer of numbers", lambda: [feature("Binarizer", "a", threshold=0.1)], ("out",), exact=True),
    Case("binarizer of vectors", lambda: [assembled(), feature("Binarizer", threshold=0.2)], ("out",), exact=True),
    Case(
        "binarizer of several columns",
        lambda: [features("Binarizer", ["a", "b"], ["out", "other"], thresholds=[0.3, -0.3])],
        ("out", "other"),
        exact=True,
    ),
    Case(
        "bucketizer",
        lambda: [feature("Bucketizer", "a", splits=[-float("inf"), -0.5, 0.0, 0.5, float("inf")])],
        ("out",),
        exact=True,
    ),
    Case(
        "bucketizer of several columns",
        lambda: [
            features(
                "Bucketizer", ["a", "size"], ["out", "other"], splitsArray=[[-9.0, 0.0, 9.0], [1.0, 2.0, 4.0, 8.0]]
            )
        ],
        ("out", "other"),
        exact=True,
    ),
    Case("normalizer", lambda: [assembled(), feature("Normalizer", p=1.0)], ("out",)),
    Case("normalizer by the largest", lambda: [assembled(), feature("Normalizer", p=float("inf"))], ("out",)),
    Case(
        "normalizer of words",
        lambda: [words(), feature("HashingTF", "tokens", "counts"), feature("Normalizer", "counts")],
        ("out",),
    ),
    Case(
        "elementwise_product",
        lambda: [assembled(), feature("ElementwiseProduct", scalingVec=vector_of(0.0, -1.0, 2.5))],
        ("out",),
    ),
    Case("polynomial_expansion", lambda: [assembled(), feature("PolynomialExpansion", degree=3)], ("out",)),
    Case("pca", lambda: [assembled("a", "b", "c", "size"), feature("PCA", k=2)], ("out",)),
    Case("pca of all", lambda: [assembled("a", "b", "c"), feature("PCA", k=3)], ("out",)),
    Case(
        "chi_sq_selector",
        lambda: [assembled("size", "count", "a", "b"), selector("ChiSqSelector", numTopFeatures=2)],
        ("out",),
    ),
    Case(
        "univariate selector",
        lambda: [
            assembled("a", "b", "c", "size"),
            selector("UnivariateFeatureSelector")
            .setFeatureType("continuous")
            .setLabelType("categorical")
            .setSelectionThreshold(2),
        ],
        ("out",),
    ),
    Case(
        "variance selector",
        lambda: [assembled("a", "size"), selector("VarianceThresholdSelector", varianceThreshold=2.0)],
        ("out",),
    ),
    Case(
        "vector_slicer", lambda: [assembled(), feature("VectorSlicer", indices=[2], names=["a"])], ("out",), exact=True
    ),
    Case(
        "vector_indexer",
        lambda: [assembled("a", "size", "count"), feature("VectorIndexer", maxCategories=6)],
        ("out",),
        exact=True,
    ),
    Case(
        "interaction",
        lambda: [*categorical(), feature("OneHotEncoder", "code", "hot"), interaction("a", "code", "hot", "features")],
        ("out",),
    ),
    Case("tokenizer", lambda: [words()], ("tokens",), exact=True),
    Case(
        "regex_tokenizer by gaps",
        lambda: [feature("RegexTokenizer", "words", pattern="[\\sa]+", minTokenLength=2)],
        ("out",),
        exact=True,
    ),
    Case(
        "regex_tokenizer by words",
        lambda: [feature("RegexTokenizer", "words", pattern="\\w+", gaps=False, toLowercase=False)],
        ("out",),
        exact=True,
    ),
    Case("stopwords_remover", lambda: [words(), feature("StopWordsRemover", "tokens")], ("out",), exact=True),
    Case(
        "stopwords_remover with case",
        lambda: [words(), feature("StopWordsRemover", "tokens", stopWords=["The", "data"], caseSensitive=True)],
        ("out",),
        exact=True,
    ),
    Case("ngram", lambda: [words(), feature("NGram", "tokens", n=3)], ("out",), exact=True),
    Case("hashing_term_frequency", lambda: [words(), feature("HashingTF", "tokens")], ("out",), exact=True),
    Case(
        "hashing_term_frequency of few places, as flags",
        lambda: [words(), feature("HashingTF", "tokens", numFeatures=5, binary=True)],
        ("out",),
        exact=True,
    ),
    Case("count_vectorizer", lambda: [words(), feature("CountVectorizer", "tokens")], ("out",), exact=True),
    Case(
        "count_vectorizer of frequent words",
        lambda: [words(), feature("CountVectorizer", "tokens", minTF=0.3, minDF=5.0, binary=True)],
        ("out",),
        exact=True,
    ),
    Case(
        "idf",
        lambda: [words(), feature("HashingTF", "tokens", "counts", numFeatures=64), feature("IDF", "counts")],
        ("out",),
    ),
    Case(
        "word_to_vector", lambda: [words(), feature("Word2Vec", "tokens", vectorSize=4, minCount=3, seed=1)], ("out",)
    ),
    Case("linear_regression", lambda: [assembled(), regressor("LinearRegression")], ("prediction",)),
    *(
        Case(
            f"generalized_linear_regression, {family} and {link}",
            partial(generalized, family, link, label),
            ("prediction", "sum"),
        )
        for family, link, label in [
            ("gaussian", "identity", "target"),
            ("gaussian", "inverse", "size"),
            ("binomial", "logit", "label"),
            ("binomial", "probit", "label"),
            ("binomial", "cloglog", "label"),
            ("poisson", "log", "size"),
            ("poisson", "sqrt", "size"),
        ]
    ),
    Case(
        "generalized_linear_regression by default",
        lambda: [assembled("a"), regressor("GeneralizedLinearRegression", family="poisson", labelCol="size")],
        ("prediction",),
    ),
    Case("isotonic_regression of numbers", lambda: [regressor("IsotonicRegression", featuresCol="a")], ("prediction",)),
    Case(
        "isotonic_regression of a vector",
        lambda: [assembled(), regressor("IsotonicRegression", featureIndex=1, isotonic=False)],
        ("prediction",),
    ),
    Case("logistic_regression", lambda: [assembled(), classifier("LogisticRegression", regParam=0.1)], CLASS),
    Case(
        "logistic_regression with a threshold",
        lambda: [assembled(), classifier("LogisticRegression", threshold=0.7)],
        CLASS,
    ),
    Case(
        "logistic_regression of two classes as if of many",
        lambda: [assembled(), classifier("LogisticRegression", family="multinomial", regParam=0.1)],
        ("probability", "prediction"),
    ),
    Case(
        "logistic_regression of three classes", lambda: [assembled(), classifier("LogisticRegression", "kind")], CLASS
    ),
    Case(
        "logistic_regression of three classes with thresholds",
        lambda: [assembled(), classifier("LogisticRegression", "kind", thresholds=[0.2, 0.9, 0.0])],
        CLASS,
    ),
    Case(
        "logistic_regression of words",
        lambda: [
            words(),
            feature("HashingTF", "tokens", "counts"),
            feature("IDF", "counts", "weights"),
            assembled("weights", "a"),
            classifier("LogisticRegression", regParam=0.1),
        ],
        CLASS,
    ),
    Case(
        "linear_svc",
        lambda: [assembled(), classifier("LinearSVC", maxIter=5, threshold=0.2)],
        ("rawPrediction", "prediction"),
    ),
    Case("naive_bayes", lambda: [assembled("size", "count"), classifier("NaiveBayes", "kind")], CLASS),
    Case(
        "naive_bayes of flags",
        lambda: [
            assembled("a", "b"),
            feature("Binarizer"),
            classifier("NaiveBayes", featuresCol="out", modelType="bernoulli"),
        ],
        CLASS,
    ),
    Case("k_means", lambda: [assembled(), k_means()], ("prediction",), exact=True),
    Case(
        "decision_tree_classifier",
        lambda: [*categorical(), classifier("DecisionTreeClassifier", "kind", **TREES)],
        CLASS,
        exact=True,
    ),
    Case(
        "decision_tree_regression",
        lambda: [*categorical(), regressor("DecisionTreeRegressor", **TREES)],
        ("prediction",),
        exact=True,
    ),
    Case(
        "random_forest_classifier",
        lambda: [*categorical(), classifier("RandomForestClassifier", "kind", numTrees=7, **TREES)],
        CLASS,
        exact=True,
    ),
    Case(
        "random_forest_classifier with thresholds",
        lambda: [*categorical(), classifier("RandomForestClassifier", numTrees=5, **TREES).setThresholds([0.8, 0.2])],
        CLASS,
        exact=True,
    ),
    Case(
        "random_forest_regression",
        lambda: [*categorical(), regressor("RandomForestRegressor", numTrees=7, **TREES)],
        ("prediction",),
        exact=True,
    ),
    Case("gbt_classifier", lambda: [*categorical(), classifier("GBTClassifier", maxIter=5, **TREES)], CLASS),
    Case(
        "gbt_regression",
        lambda: [*categorical(), regressor("GBTRegressor", maxIter=5, **TREES)],
        ("prediction",),
        exact=True,
    ),
    Case(
        "trees of words",
        lambda: [
            words(),
            feature("HashingTF", "tokens", "features"),
            classifier("RandomForestClassifier", numTrees=3, seed=1),
        ],
        CLASS,
        exact=True,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_bundle_answers_what_spark_answers(case: Case, training: Any, tmp_path: Path) -> None:
    """The trees and what only counts to the last bit, everything else to a billionth."""
    model = fitted(case.stages(), training)
    bundle = written_and_read(model, training, tmp_path)
    compare(model.transform(training), bundle.transform(as_pandas(training)), case.columns, exact=case.exact)


def test_hashes_are_those_of_spark(spark: Any) -> None:
    """The one of HashingTF before Spark 3 is still that of Spark's SQL."""
    words = ["", "a", "ab", "abc", "abcd", "Straße", "日本語", "naïve", "a longer word, of 31 letters or so"]
    found = spark.createDataFrame([(word,) for word in words], ["word"]).selectExpr("hash(word)").collect()
    assert [hashed(word, version=1) for word in words] == [row[0] for row in found]


def fitted(stages: list[Any], frame: Any) -> Any:
    """A pipeline of the stages."""
    from pyspark.ml import Pipeline

    return Pipeline(stages=stages).fit(frame)


def written_and_read(model: Any, sample: Any, path: Path) -> Bundle:
    """The pipeline's bundle, as it comes back from its files."""
    convert(model, sample).write(path / "bundle")
    return modelpack_flavor_mleap.read_bundle(path / "bundle")


def as_pandas(frame: Any) -> pd.DataFrame:
    """The rows, without the way of Spark's that warns of pandas 3."""
    return pd.DataFrame([row.asDict() for row in frame.collect()], columns=frame.columns)


def compare(expected: Any, found: pd.DataFrame, columns: tuple[str, ...], *, exact: bool) -> None:
    """Equal values in each column, row by row."""
    rows = expected.select(*columns).collect()
    assert len(rows) == len(found)
    for column in columns:
        for row, value in zip(rows, found[column], strict=True):
            wanted = row[column].toArray() if hasattr(row[column], "toArray") else row[column]
            if exact or isinstance(wanted, str | list):
                np.testing.assert_array_equal(value, wanted)
            else:
                np.testing.assert_allclose(value, wanted, rtol=1e-9, atol=1e-9)

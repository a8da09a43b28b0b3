"""The conformance kit of modelpack, for bundles made of scikit-learn's pipelines: they need no JVM."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from modelpack.testing import FlavorCase, FlavorTests


def numbers() -> pd.DataFrame:
    """Numbers of one type."""
    return pd.DataFrame(np.random.default_rng(0).normal(size=(30, 3)), columns=["a", "b b", "c"])


def array() -> Any:
    """Rows without names."""
    return numbers().to_numpy()


def towns() -> pd.DataFrame:
    """Text, numbers, one of them missing."""
    table = numbers().head(12).rename(columns={"b b": "b"})
    table["town"] = ["Ulm", "Bonn", "Köln"] * 4
    table.loc[2, "a"] = np.nan
    return table


def sums(table: Any) -> Any:
    """What there is to learn."""
    return np.nansum(np.asarray(table, dtype=float), axis=1)


def bundle_of(model: Any) -> Any:
    """The bundle of a model of scikit-learn's."""
    from modelpack_flavor_mleap.sklearn.pipeline import convert

    return convert(model, None)


def linear() -> Any:
    """A number."""
    from sklearn.linear_model import LinearRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return bundle_of(make_pipeline(StandardScaler(), LinearRegression()).fit(numbers(), sums(numbers())))


def forest() -> Any:
    """A class of text."""
    from sklearn.ensemble import RandomForestClassifier

    labels = np.where(sums(numbers()) > 0, "more", "less")
    return bundle_of(RandomForestClassifier(4, max_depth=3, random_state=0).fit(numbers(), labels))


def of_array() -> Any:
    """Clusters of rows without names."""
    from sklearn.cluster import KMeans

    return bundle_of(KMeans(3, n_init=1, random_state=0).fit(array()))


def of_towns() -> Any:
    """Columns of several kinds, with probabilities."""
    from sklearn.compose import make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    table = towns()
    columns = make_column_transformer((OneHotEncoder(), ["town"]), (SimpleImputer(), ["a", "b", "c"]))
    return bundle_of(make_pipeline(columns, LogisticRegression()).fit(table, sums(table[["a", "b", "c"]]) > 0))


def probabilities(bundle: Any, table: pd.DataFrame) -> Any:
    """Several columns."""
    return bundle.predict(table, ["prediction", "probability"])


class TestMLeap(FlavorTests):
    """The flavor does what every flavor does."""

    flavor = "mleap"
    distribution = "numpy"
    records_version = False  # MLeap is no distribution of Python's
    cases = (
        FlavorCase(name="a sum", build=linear, inputs=numbers, tolerance=1e-12),
        FlavorCase(name="labels of text", build=forest, inputs=numbers),
        FlavorCase(name="clusters of an array", build=of_array, inputs=array),
        FlavorCase(
            name="probabilities, of text and numbers",
            build=of_towns,
            inputs=towns,
            predict=probabilities,
            tolerance=1e-12,
            options={"output_columns": ("prediction", "probability")},
        ),
    )

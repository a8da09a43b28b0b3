"""Write the bundles with MLeap's own Python package: `python record.py` where mleap 0.25.3 and scikit-learn are.

Each directory holds the bundle that it zipped, and `expected.json`: rows, and what scikit-learn makes of them.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import mleap.sklearn.base
import mleap.sklearn.decomposition.pca
import mleap.sklearn.ensemble.forest
import mleap.sklearn.feature_union
import mleap.sklearn.logistic
import mleap.sklearn.pipeline
import mleap.sklearn.svm
import mleap.sklearn.tree.tree  # noqa: F401 - they add methods to the classes of scikit-learn
import numpy as np
import pandas as pd
from mleap.sklearn.extensions.data import Imputer
from mleap.sklearn.preprocessing.data import FeatureExtractor, LabelEncoder, MathUnary, ReshapeArrayToN1
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import Binarizer, MinMaxScaler, OneHotEncoder, StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

HERE = Path(__file__).parent
COLUMNS = ["a", "b", "c"]
RANDOM = np.random.default_rng(0)
FRAME = pd.DataFrame(RANDOM.normal(size=(60, 3)), columns=COLUMNS)
FRAME["town"] = RANDOM.choice(["Bonn", "Köln", "Ulm"], 60)
SUM = FRAME[COLUMNS].sum(axis=1).to_numpy()
KIND = np.digitize(SUM, [-1, 1])


def record(name: str, steps: list[Any], target: Any, columns: list[str], predict: Any) -> None:
    """Fit a pipeline, let the package write it, and note what scikit-learn answers."""
    pipeline = Pipeline([(f"step{place}", step) for place, step in enumerate(steps)])
    pipeline.mlinit()
    pipeline.fit(FRAME[columns], target)
    path = HERE / f"mleap-python-{name}"
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir()
    with tempfile.TemporaryDirectory() as folder:
        pipeline.serialize_to_bundle(folder, "bundle", init=True)
        shutil.copy(Path(folder) / "bundle.zip", path / "bundle.zip")
    rows = FRAME[columns].head(20)
    answered = np.asarray(predict(pipeline, rows))
    told = {"rows": rows.to_dict(orient="list"), "expected": answered.tolist()}
    (path / "expected.json").write_text(json.dumps(told), encoding="utf-8")


def after(extractor: Any, step: Any, output: str) -> Any:
    """A transformer of the extractor's vector."""
    step.mlinit(prior_tf=extractor, output_features=output)
    return step


def model(step: Any, source: str, *, trees: bool = False) -> Any:
    """A model of a vector."""
    more = {"feature_names": COLUMNS} if trees else {}
    step.mlinit(input_features=source, prediction_column="prediction", **more)
    return step


def extractor() -> Any:
    """The numbers as a vector."""
    return FeatureExtractor(input_scalars=COLUMNS, output_vector="vector", output_vector_items=COLUMNS)


def predicted(pipeline: Any, rows: Any) -> Any:
    """One answer for each row."""
    return pipeline.predict(rows).reshape(len(rows))


def transformed(pipeline: Any, rows: Any) -> Any:
    """A vector for each row."""
    made = pipeline.transform(rows)
    return made.toarray() if hasattr(made, "toarray") else made


def main() -> None:
    """Write them all."""
    models = {
        "linear": (StandardScaler(), LinearRegression(), SUM[:, None]),
        "logistic": (MinMaxScaler(), LogisticRegression(), (SUM > 0).astype(int)),
        "logistic-of-three": (StandardScaler(), LogisticRegression(), KIND),
        "svc": (StandardScaler(), LinearSVC(), (SUM > 0).astype(int)),
        "forest": (Binarizer(threshold=0.1), RandomForestRegressor(5, random_state=0), SUM),
        "forest-of-classes": (StandardScaler(), RandomForestClassifier(5, random_state=0), KIND),
        "tree": (MinMaxScaler(), DecisionTreeClassifier(random_state=0), KIND),
    }
    for name, (scaler, step, target) in models.items():
        first = extractor()
        steps = [first, after(first, scaler, "scaled"), model(step, "scaled", trees="tree" in name or "forest" in name)]
        record(name, steps, target, COLUMNS, predicted)
    first = extractor()
    reduced = PCA(2)
    reduced.mlinit(input_features="scaled", prediction_column="reduced")
    record("pca", [first, after(first, StandardScaler(), "scaled"), reduced], None, COLUMNS, transformed)
    labels = LabelEncoder(input_features=["town"], output_features="town_index")
    hot = OneHotEncoder()
    hot.mlinit(prior_tf=labels, output_features="town_vector")
    record("one-hot", [labels, ReshapeArrayToN1(), hot], None, ["town"], transformed)
    FRAME.loc[3, "a"] = np.nan
    record("imputer", [Imputer(input_features="a", output_features="filled")], None, COLUMNS, transformed)
    sine = MathUnary(input_features=["b"], output_features="sine", transform_type="sin")
    record("sine", [sine], None, ["b"], lambda pipeline, rows: pipeline[0].transform(rows["b"]))


if __name__ == "__main__":
    main()

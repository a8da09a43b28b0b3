"""What is written in which format, and what loading it needs."""

from __future__ import annotations

import io
import json
import pickle
import warnings
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import Birch
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.feature_selection import SelectKBest, mutual_info_classif
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from modelpack import ModelpackWarning
from modelpack.errors import InvalidArgumentError, InvalidModelError, ModelFailureError, TrustError
from modelpack_flavor_sklearn.flavor import SklearnConf, flavor

Iris = tuple[pd.DataFrame, pd.Series]
Save = Callable[..., SklearnConf]
Load = Callable[..., Any]


class Doubler(FunctionTransformer):  # type: ignore[misc]  # scikit-learn ships no types
    """A transformer that is no part of scikit-learn."""

    def transform(self, X: Any) -> Any:  # noqa: N803 - scikit-learn's name
        """Twice the rows."""
        return 2 * X


def rewritten(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the schema in a skops file, as an attacker would."""
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    schema = json.loads(content["schema.json"])
    change(schema)
    content["schema.json"] = json.dumps(schema).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in content.items():
            archive.writestr(name, data)


@pytest.mark.parametrize("serialization_format", ["skops", "cloudpickle", "pickle"])
def test_each_format_restores_the_estimator(
    serialization_format: str, iris: Iris, tmp_path: Path, save: Save, load: Load
) -> None:
    """Loaded predictions are equal, and the conf says how to read the file."""
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(*iris)
    conf = save(model, tmp_path, serialization_format=serialization_format)
    assert conf.serialization_format == serialization_format
    assert conf.pickled_model == {"skops": "model.skops"}.get(serialization_format, "model.pkl")
    assert [path.name for path in tmp_path.iterdir()] == [conf.pickled_model]
    np.testing.assert_array_equal(
        load(tmp_path, conf, trusted=True).predict_proba(iris[0]), model.predict_proba(iris[0])
    )


def test_only_pickles_say_that_they_execute_code(iris: Iris, tmp_path: Path, save: Save) -> None:
    """The reason names the file; skops has none."""
    model = LogisticRegression(max_iter=500).fit(*iris)
    reasons = {
        name: flavor.executes_code(save(model, tmp_path / name, serialization_format=name))
        for name in ("skops", "cloudpickle", "pickle")
    }
    assert reasons["skops"] is None
    assert "model.pkl" in str(reasons["cloudpickle"])
    assert "model.pkl" in str(reasons["pickle"])


@pytest.mark.parametrize(
    "model",
    [
        RandomForestClassifier(3),
        HistGradientBoostingClassifier(max_iter=3),
        KNeighborsClassifier(algorithm="kd_tree"),
        KNeighborsClassifier(algorithm="ball_tree"),
        GridSearchCV(LogisticRegression(max_iter=500), {"C": [1.0]}, cv=StratifiedKFold(2), scoring="f1_macro"),
        make_pipeline(FunctionTransformer(np.log1p), LogisticRegression(max_iter=500)),
        make_pipeline(FunctionTransformer(np.nan_to_num), LogisticRegression(max_iter=500)),
    ],
    ids=str,
)
def test_common_models_need_no_trust(model: Any, iris: Iris, tmp_path: Path, save: Save, load: Load) -> None:
    """Trees, neighbours, searches and NumPy's functions load for a stranger."""
    model.fit(*iris)
    conf = save(model, tmp_path)
    assert conf.serialization_format == "skops"
    np.testing.assert_array_equal(load(tmp_path, conf).predict(iris[0]), model.predict(iris[0]))


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (FunctionTransformer(lambda rows: rows), "<lambda>"),
        (SelectKBest(partial(mutual_info_classif, random_state=0)), "functools.partial"),
        (Birch(), "Birch"),
        (Doubler(), "Doubler"),
        (LogisticRegression(class_weight={True: 1.0, False: 2.0}), "boolean keys"),
    ],
    ids=str,
)
def test_what_skops_cannot_hold_is_saved_with_cloudpickle(
    model: Any, reason: str, tmp_path: Path, save: Save, load: Load
) -> None:
    """A warning says why, and how to silence it; nothing of the attempt stays."""
    with pytest.warns(ModelpackWarning, match="serialization_format='cloudpickle'") as told:
        conf = save(model, tmp_path)
    assert reason in str(told[0].message)
    assert conf.serialization_format == "cloudpickle"
    assert [path.name for path in tmp_path.iterdir()] == ["model.pkl"]
    assert (
        str(load(tmp_path, conf).get_params()).partition(" at 0x")[0] == str(model.get_params()).partition(" at 0x")[0]
    )


def test_cloudpickle_on_request_is_silent(tmp_path: Path, save: Save) -> None:
    """Naming the format is what the warning asks for."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert save(Birch(), tmp_path, serialization_format="cloudpickle").serialization_format == "cloudpickle"


def test_skops_on_request_never_becomes_a_pickle(tmp_path: Path, save: Save) -> None:
    """Somebody who asks for the safe format gets it, or an error that names the type and the way out."""
    with pytest.raises(InvalidArgumentError, match="Doubler") as raised:
        save(Doubler(), tmp_path, serialization_format="skops")
    assert "cloudpickle" in str(raised.value.hint)
    assert list(tmp_path.iterdir()) == []


def test_pickle_names_what_it_cannot_save(tmp_path: Path, save: Save) -> None:
    """The error leads to cloudpickle."""
    with pytest.raises(ModelFailureError) as raised:
        save(FunctionTransformer(lambda rows: rows), tmp_path, serialization_format="pickle")
    assert "cloudpickle" in str(raised.value.hint)


def test_types_beyond_the_list_need_the_callers_trust(tmp_path: Path, save: Save, load: Load) -> None:
    """`skops_trusted_types` admits a type when saving; at load the list in the model has no effect."""
    pytest.importorskip("skops")
    conf = save(Doubler(), tmp_path, skops_trusted_types=[Doubler])
    name = f"{Doubler.__module__}.Doubler"
    assert (conf.serialization_format, conf.skops_trusted_types) == ("skops", [name])
    with pytest.raises(TrustError, match="Doubler"):
        load(tmp_path, conf)


def test_what_a_stranger_smuggles_in_is_refused(iris: Iris, tmp_path: Path, save: Save, load: Load) -> None:
    """A function of the operating system in a skops file is named, and not called."""
    model = make_pipeline(FunctionTransformer(np.log1p), LogisticRegression(max_iter=500)).fit(*iris)
    conf = save(model, tmp_path)

    def smuggle(schema: dict[str, Any]) -> None:
        for node in nodes(schema):
            if node["__loader__"] == "FunctionNode":
                node.update(__class__="system", __module__="os")

    rewritten(tmp_path / "model.skops", smuggle)
    forged = conf.model_copy(update={"skops_trusted_types": ["os.system"]})
    with pytest.raises(TrustError, match=r"os\.system"):
        load(tmp_path, forged)


def test_a_listed_function_cannot_be_called_by_the_file(iris: Iris, tmp_path: Path, save: Save, load: Load) -> None:
    """A name of the list is admitted in its own role only: skops would call it where it stands for a type."""
    model = make_pipeline(FunctionTransformer(np.nan_to_num), LogisticRegression(max_iter=500)).fit(*iris)
    conf = save(model, tmp_path)

    def call(schema: dict[str, Any]) -> None:
        for node in nodes(schema):
            if node["__loader__"] == "FunctionNode":
                node.update(__loader__="ConstructorFromReduceNode", content=node_of_tuple())

    rewritten(tmp_path / "model.skops", call)
    with pytest.raises(TrustError, match="nan_to_num"):
        load(tmp_path, conf)


def nodes(schema: Any) -> list[dict[str, Any]]:
    """Every node of a skops schema."""
    found, waiting = [], [schema]
    while waiting:
        value = waiting.pop()
        waiting.extend(value.values() if isinstance(value, dict) else value if isinstance(value, list) else ())
        if isinstance(value, dict) and "__loader__" in value:
            found.append(value)
    return found


def node_of_tuple() -> dict[str, Any]:
    """How skops writes the tuple `("text",)`."""
    import skops.io

    with zipfile.ZipFile(io.BytesIO(skops.io.dumps(("text",)))) as archive:
        schema: dict[str, Any] = json.loads(archive.read("schema.json"))
    return {key: value for key, value in schema.items() if key not in {"protocol", "_skops_version"}}


def test_models_from_before_the_key_are_pickles(iris: Iris, tmp_path: Path, load: Load) -> None:
    """MLflow before 0.9 wrote no `serialization_format`."""
    model = LogisticRegression(max_iter=500).fit(*iris)
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(model))
    conf = SklearnConf.model_validate({"pickled_model": "model.pkl", "sklearn_version": "0.19.1"})
    assert flavor.executes_code(conf) is not None
    np.testing.assert_array_equal(load(tmp_path, conf).predict(iris[0]), model.predict(iris[0]))


def test_unknown_format_is_named(tmp_path: Path, load: Load) -> None:
    """A model of the future, or a typo, is refused with what is known."""
    (tmp_path / "model.pkl").write_bytes(b"")
    with pytest.raises(InvalidModelError, match="'joblib', which is none of skops"):
        load(tmp_path, SklearnConf(serialization_format="joblib"))


@pytest.mark.parametrize("model", ["text", object(), LogisticRegression, {"a": 1}], ids=lambda model: str(model)[:20])
def test_what_is_no_estimator_is_refused(model: Any, tmp_path: Path, save: Save) -> None:
    """The error names what came."""
    came = "LogisticRegression" if isinstance(model, type) else type(model).__qualname__
    with pytest.raises(InvalidArgumentError, match=came):
        save(model, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_unfitted_estimator_is_saved(tmp_path: Path, save: Save, load: Load) -> None:
    """Templates are models too."""
    assert load(tmp_path, save(LogisticRegression(C=2.5), tmp_path)).C == 2.5


def test_another_version_is_told_once(iris: Iris, tmp_path: Path, save: Save, load: Load) -> None:
    """scikit-learn's own warning is kept back where `check_version` has spoken."""
    model = LogisticRegression(max_iter=500).fit(*iris)
    conf = save(model, tmp_path)

    def age(schema: dict[str, Any]) -> None:
        for node in nodes(schema):
            if node.get("content") == f'"{conf.sklearn_version}"':
                node["content"] = '"1.0.2"'

    rewritten(tmp_path / "model.skops", age)
    older = conf.model_copy(update={"sklearn_version": "1.0.2"})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert load(tmp_path, older).predict(iris[0].head(1)).tolist() == [0]

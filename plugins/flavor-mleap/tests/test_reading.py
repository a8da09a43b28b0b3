"""Reading bundles: MLeap's own, of each generation, damaged ones, and such as want to do harm."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

import modelpack
import modelpack_flavor_mleap
from modelpack.errors import InvalidArgumentError, InvalidModelError, SchemaError
from modelpack_flavor_mleap import files, values
from modelpack_flavor_mleap.bundle import Bundle
from modelpack_flavor_mleap.node import Node
from modelpack_flavor_mleap.operators.registry import OPERATORS
from modelpack_flavor_mleap.tree import Split, Tree
from modelpack_flavor_mleap.writing import write

if TYPE_CHECKING:
    from collections.abc import Callable

AIRBNB = Path(__file__).parent / "recorded" / "airbnb"
YES = {"boolean": True}
PREDICTED = 218.2767196535019  # what the tests of MLeap itself assert


def airbnb() -> pd.DataFrame:
    """The row that MLeap's tests score."""
    told = json.loads((AIRBNB / "frame.airbnb.json").read_text())
    return pd.DataFrame(told["rows"], columns=[field["name"] for field in told["schema"]["fields"]])


@pytest.fixture
def unpacked(tmp_path: Path) -> Path:
    """MLeap's own bundle as a directory."""
    with zipfile.ZipFile(AIRBNB / "airbnb.model.rf.zip") as archive:
        archive.extractall(tmp_path / "bundle")
    return tmp_path / "bundle"


def test_scores_a_bundle_of_mleap_to_the_last_bit(unpacked: Path) -> None:
    """The zip and the directory give what MLeap's own tests assert."""
    for path in (AIRBNB / "airbnb.model.rf.zip", unpacked):
        assert modelpack_flavor_mleap.read_bundle(path).predict(airbnb()).tolist() == [PREDICTED]


def test_many_rows_are_scored_as_each_by_itself() -> None:
    """More rows than go down the trees at once."""
    bundle = modelpack_flavor_mleap.read_bundle(AIRBNB / "airbnb.model.rf.zip")
    many = pd.concat([airbnb()] * 9000, ignore_index=True)
    many.loc[::2, "bedrooms"] = 1.0
    one = bundle.predict(many.head(2)).tolist()
    assert len(set(one)) == 2
    assert bundle.predict(many).tolist() == one * 4500


def test_models_that_mlflow_wrote_are_read(tmp_path: Path) -> None:
    """Without a python_function, with a zip in place of a directory, and without a schema (2018)."""
    (tmp_path / "mleap").mkdir()
    shutil.copy(AIRBNB / "airbnb.model.rf.zip", tmp_path / "mleap" / "model")
    (tmp_path / "MLmodel").write_text("flavors:\n  mleap: {mleap_version: 0.8.1, model_data: mleap/model}\n")
    assert modelpack.pyfunc.load_model(tmp_path, flavor="mleap").predict(airbnb()).tolist() == [PREDICTED]


def test_mlflows_reader_finds_a_loader_here(tmp_path: Path) -> None:
    """MLflow imports the loader module, where it is installed, and calls `_load_pyfunc` with the data's path."""
    shutil.copy(AIRBNB / "airbnb.model.rf.zip", tmp_path / "model")
    assert modelpack_flavor_mleap._load_pyfunc(str(tmp_path / "model")).predict(airbnb()).tolist() == [PREDICTED]


def bundle_of(op: str, attributes: dict[str, Any], inputs: dict[str, str], outputs: dict[str, str]) -> Bundle:
    """A bundle of one step."""
    return Bundle(Node.pipeline("p", (Node.of("step", op, inputs, outputs, attributes),)))


def test_older_string_indexers_have_labels() -> None:
    """Before Spark 3 there was one list, and the ports had no numbers."""
    bundle = bundle_of("string_indexer", {"labels": values.texts(["a", "b"])}, {"input": "x"}, {"output": "y"})
    assert bundle.predict(pd.DataFrame({"x": ["b", "a"]})).tolist() == [1.0, 0.0]


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"size": values.whole(3), "drop_last": YES}, [[0, 1, 0], [0, 0, 1], [0, 0, 0]]),
        ({"size": values.whole(3), "drop_last": YES, "handle_invalid": values.text("error")}, None),
        ({"size": values.whole(4), "drop_last": {}}, [[0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]),
        (
            {"category_sizes": values.smalls([3]), "drop_last": {}, "handle_invalid": values.text("keep")},
            [[0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]],
        ),
    ],
    ids=["old, dropping, keeps", "old with error", "old, all; an empty value is false", "new"],
)
def test_one_hot_encoders_of_both_generations(attributes: dict[str, Any], expected: Any) -> None:
    """Old ones have a size; one that drops and says nothing of invalid numbers keeps them."""
    bundle = bundle_of("one_hot_encoder", attributes, {"input": "x"}, {"output": "y"})
    frame = pd.DataFrame({"x": [1.0, 2.0, 3.0]})
    if expected is None:
        with pytest.raises(SchemaError, match="3 categories"):
            bundle.predict(frame)
    else:
        np.testing.assert_array_equal(bundle.predict(frame), expected)


def test_older_scalers_and_imputers() -> None:
    """A scaler without its range, and an imputer by its former names."""
    scaler = bundle_of(
        "min_max_scaler", {"min": values.vector([0, 1]), "max": values.vector([4, 1])}, {"input": "x"}, {"output": "y"}
    )
    np.testing.assert_array_equal(scaler.predict(pd.DataFrame({"x": [[1.0, 1.0]]})), [[0.25, 0.5]])
    imputer = bundle_of(
        "imputer", {"imputeValue": values.number(7), "strategy": values.text("mean")}, {"input": "x"}, {"output": "y"}
    )
    assert imputer.predict(pd.DataFrame({"x": [None, 2.0]})).tolist() == [7.0, 2.0]


@pytest.mark.parametrize(
    ("op", "attributes", "named"),
    [
        ("standard_scaler", {"mean": values.vector([1]), "std": values.vector([1, 2])}, "mean"),
        ("min_max_scaler", {"min": values.vector([1]), "max": values.vector([1, 2])}, "max"),
        ("bucketizer", {"splits": values.numbers([2, 1])}, "splits"),
        ("pca", {"principal_components": values.vector([1, 2])}, "principal_components"),
        (
            "logistic_regression",
            {
                "num_classes": values.whole(2),
                "coefficients": values.vector([1]),
                "thresholds": values.numbers([0.1, 0.2, 0.3]),
            },
            "thresholds",
        ),
        ("word_to_vector", {"words": values.texts(["a", "b"]), "word_vectors": values.numbers([1, 2, 3])}, "words"),
        ("regex_tokenizer", {"regex": values.text("(")}, "regex"),
        ("hashing_term_frequency", {"num_features": values.whole(1 << 40)}, "num_features"),
        ("one_hot_encoder", {"size": values.whole(1 << 40), "drop_last": {}}, "category_sizes"),
    ],
)
def test_attributes_that_contradict_each_other_are_refused(op: str, attributes: dict[str, Any], named: str) -> None:
    """When a bundle is loaded, and not when rows come."""
    ports = {"input": "x", "features": "x"}
    with pytest.raises(InvalidModelError, match=f"model.json.*{named}"):
        bundle_of(op, attributes, ports, {"output": "y", "prediction": "y"})


@pytest.mark.parametrize("named_go_left", [True, False])
def test_categories_that_a_split_does_not_name_go_with_the_others(named_go_left: bool, tmp_path: Path) -> None:  # noqa: FBT001 - a case
    """Also those that are beyond its categories, no whole number, or nothing at all."""
    tree = Tree.of([Split(0, None, (1.0, 2.0), 4, named_go_left), [10.0], [20.0]], "tree")
    told = {"num_features": values.whole(1)}
    node = Node.of("t", "decision_tree_regression", {"features": "x"}, {"prediction": "p"}, told, (tree,))
    write(Node.pipeline("p", (node,)), tmp_path / "bundle")
    bundle = modelpack_flavor_mleap.read_bundle(tmp_path / "bundle")
    named, others = (10.0, 20.0) if named_go_left else (20.0, 10.0)
    frame = pd.DataFrame({"x": [1.0, 2.0, 0.0, 3.0, 4.0, -1.0, 1.5, np.nan, 1e300]})
    assert bundle.predict(frame).tolist() == [named, named, *[others] * 7]


def test_python_package_writes_matrices_row_by_row() -> None:
    """Its steps are known by their names; all others have them column by column, as Spark does."""
    matrix = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 7.0]])
    frame = pd.DataFrame({"v": [[1.0, -1.0], [0.5, 0.25]]})
    answers = {}
    for name, order in (("logreg_1a2b", "F"), ("logistic_regression_2c1d7f5e-1f60-11f0-9cd2-0242ac120002", "C")):
        attributes = {
            "num_classes": values.whole(3),
            "coefficient_matrix": {**values.matrix(matrix), "double": matrix.ravel(order=order).tolist()},  # type: ignore[arg-type]  # one of its letters
            "intercept_vector": values.vector([0.0, 0.1, 0.2]),
        }
        node = Node.of(
            name, "logistic_regression", {"features": "v"}, {"prediction": "p", "raw_prediction": "r"}, attributes
        )
        answers[order] = Bundle(Node.pipeline("p", (node,))).predict(frame, ["r"])
    np.testing.assert_allclose(answers["F"], np.array(frame["v"].tolist()) @ matrix.T + [0.0, 0.1, 0.2])
    np.testing.assert_array_equal(answers["C"], answers["F"])


def test_protobuf_form_is_refused_in_words(unpacked: Path) -> None:
    """With what to do."""
    edit(unpacked / "bundle.json", lambda told: told.update(format="protobuf"))
    with pytest.raises(InvalidModelError, match=r"protobuf.*\n.*SerializationFormat.Json"):
        modelpack_flavor_mleap.read_bundle(unpacked)


FOREST = "root/rfr_5af14f58ae5f.node"
INDEXER = "root/feature_pipeline.node/string_indexer_state.node"


@pytest.mark.parametrize(
    "place",
    [
        "bundle.json",
        "root/model.json",
        f"{INDEXER}/model.json",
        f"{INDEXER}/node.json",
        f"{FOREST}/model.json",
        f"{FOREST}/tree3/tree.json",
        f"{FOREST}/tree3/model.json",
    ],
)
@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe", b"[]", b"{", b'{"op": 3}', b"[" * 100_000])
def test_damaged_files_are_named(place: str, content: bytes | None, unpacked: Path) -> None:
    """A file that is missing, empty, no text, no JSON or something else is an error that names it; never a KeyError."""
    file = unpacked / place
    if content is None:
        file.unlink()
    else:
        file.write_bytes(content)
    with pytest.raises(InvalidModelError, match=Path(place).name):
        modelpack_flavor_mleap.read_bundle(unpacked)


@pytest.mark.parametrize("lines", [slice(0, -1), slice(1, None), slice(0, 0)], ids=["the last", "the first", "all"])
def test_trees_that_lack_lines_are_refused(lines: slice, unpacked: Path) -> None:
    """What is left is no tree."""
    file = unpacked / FOREST / "tree3" / "tree.json"
    file.write_text("\n".join(file.read_text().splitlines()[lines]))
    with pytest.raises(InvalidModelError, match=r"tree3/tree\.json"):
        modelpack_flavor_mleap.read_bundle(unpacked)


def test_every_attribute_may_be_missing_or_wrong(unpacked: Path) -> None:
    """Whatever stands there, the error is of modelpack's, and names the file."""
    wrong: list[Any] = [
        None,
        3,
        "text",
        [],
        {},
        {"type": "list"},
        {"double": "x"},
        {"type": "tensor", "double": [1], "shape": {"dimensions": [{"size": 9}]}},
        {"type": "list", "string": [1]},
    ]
    for file in sorted(unpacked.rglob("model.json")):
        told = json.loads(file.read_text())
        for name in told.get("attributes", {}):
            for value in wrong:
                file.write_text(json.dumps({**told, "attributes": {**told["attributes"], name: value}}))
                _load_or_refuse(unpacked, file)
        file.write_text(json.dumps(told))


def _load_or_refuse(path: Path, file: Path) -> None:
    try:
        modelpack_flavor_mleap.read_bundle(path)
    except InvalidModelError as error:
        told = error.message
    else:
        return
    assert "json" in told, (file, told)


@pytest.mark.parametrize("name", ["../../outside", "/etc", "a/b", "..", "", "c:x", "a\\b"])
def test_steps_cannot_lead_out_of_a_bundle(name: str, unpacked: Path) -> None:
    """A step's name is the name of a folder, and no path."""
    edit(unpacked / "root/model.json", lambda told: told["attributes"]["nodes"].update(string=[name]))
    with pytest.raises(InvalidModelError, match=r"root/model\.json"):
        modelpack_flavor_mleap.read_bundle(unpacked)


def test_links_cannot_lead_out_of_a_bundle(unpacked: Path, tmp_path: Path) -> None:
    """A symbolic link to a file elsewhere is refused."""
    (tmp_path / "elsewhere.json").write_text("{}")
    (unpacked / "root/node.json").unlink()
    (unpacked / "root/node.json").symlink_to(tmp_path / "elsewhere.json")
    with pytest.raises(InvalidModelError, match="symbolic link"):
        modelpack_flavor_mleap.read_bundle(unpacked)


def test_archives_that_swell_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is read of a bundle is bounded, whatever the archive says of itself."""
    monkeypatch.setattr(files, "MAX_BYTES", 1 << 20)
    with zipfile.ZipFile(tmp_path / "bundle.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bundle.json", '{"format": "json", "name": "' + "x" * (1 << 21) + '"}')
    with pytest.raises(InvalidModelError, match="larger than"):
        modelpack_flavor_mleap.read_bundle(tmp_path / "bundle.zip")


@pytest.mark.parametrize("keep", [0, 10, 20_000, 39_000])
def test_cut_off_archives_are_refused(keep: int, tmp_path: Path) -> None:
    """However much of it is left."""
    (tmp_path / "bundle.zip").write_bytes((AIRBNB / "airbnb.model.rf.zip").read_bytes()[:keep])
    with pytest.raises(InvalidModelError):
        modelpack_flavor_mleap.read_bundle(tmp_path / "bundle.zip")


def test_bundles_that_hold_themselves_are_refused(tmp_path: Path) -> None:
    """Pipelines in pipelines without end."""
    node = Node.of("leaf", "tokenizer", {"input": "x"}, {"output": "y"})
    for _ in range(40):
        node = Node.pipeline("p", (node,))
    write(node, tmp_path / "bundle")
    with pytest.raises(InvalidModelError, match="deeper"):
        modelpack_flavor_mleap.read_bundle(tmp_path / "bundle")


def test_unknown_operators_are_named_with_those_that_are_known() -> None:
    """And where they stand."""
    with pytest.raises(InvalidModelError, match=r"step.node/model.json: the operator 'dct' .*\n.*string_indexer"):
        bundle_of("dct", {}, {"input": "x"}, {"output": "y"})


@pytest.mark.parametrize("op", sorted(OPERATORS))
def test_operators_without_attributes_or_ports_are_refused_in_words(op: str) -> None:
    """Each operator by itself, without what it needs, is an error of modelpack's."""
    for inputs, outputs in (({}, {}), ({"input": "x", "features": "x"}, {"output": "y", "prediction": "y"})):
        told = ".json"
        try:
            bundle_of(op, {}, inputs, outputs)
        except InvalidModelError as error:
            told = error.message
        assert ".json" in told


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda frame: frame.drop(columns="state"), "the column 'state' is missing"),
        (lambda frame: frame.assign(state="Bavaria"), "'Bavaria', which is none of the 10 labels"),
        (lambda frame: frame.assign(state=None), "holds nothing"),
        (lambda frame: frame.assign(bathrooms="two"), "the column 'bathrooms' holds 'two'"),
        (lambda frame: frame.assign(bathrooms=np.nan), "'bathrooms' has a row without a number"),
        (lambda frame: frame.assign(state=[["NY"]]), "something else than texts"),
    ],
    ids=["missing column", "unseen label", "null label", "text for a number", "null number", "list for a text"],
)
def test_rows_that_do_not_fit_are_told(change: Callable[[pd.DataFrame], pd.DataFrame], told: str) -> None:
    """Which column, and what stands in it."""
    bundle = modelpack_flavor_mleap.read_bundle(AIRBNB / "airbnb.model.rf.zip")
    with pytest.raises(SchemaError, match=told):
        bundle.predict(change(airbnb()))


def test_rows_that_are_skipped_leave_every_column() -> None:
    """Also those of vectors that are kept sparse."""
    words = Node.of("w", "tokenizer", {"input": "text"}, {"output": "words"})
    counts = Node.of(
        "c", "hashing_term_frequency", {"input": "words"}, {"output": "v"}, {"num_features": {"long": 5000}}
    )
    told = {"labels": values.texts(["x"]), "handle_invalid": values.text("skip")}
    indexer = Node.of("i", "string_indexer", {"input": "kind"}, {"output": "code"}, told)
    bundle = Bundle(Node.pipeline("p", (words, counts, indexer)))
    frame = pd.DataFrame({"text": ["a b", "c", "d d e"], "kind": ["x", "y", "x"]}, index=[7, 8, 9])
    whole = Bundle(Node.pipeline("p", (words, counts))).transform(frame)["v"]
    found = bundle.transform(frame)
    assert found.index.tolist() == [7, 9]
    np.testing.assert_array_equal(np.stack(found["v"]), np.stack(whole.loc[[7, 9]]))
    assert bundle.predict(frame)[[0, 2]].tolist() == [0.0, 0.0]
    assert np.isnan(bundle.predict(frame)[1])


def test_columns_that_do_not_exist_are_refused() -> None:
    """With those that do."""
    bundle = modelpack_flavor_mleap.read_bundle(AIRBNB / "airbnb.model.rf.zip")
    with pytest.raises(InvalidArgumentError, match=r"'probability'(.|\n)*price_prediction"):
        bundle.predict(airbnb(), ["probability"])


def test_arrays_need_an_order() -> None:
    """A bundle without a schema does not say which column is which."""
    bundle = modelpack_flavor_mleap.read_bundle(AIRBNB / "airbnb.model.rf.zip")
    with pytest.raises(SchemaError, match="order"):
        bundle.predict(airbnb().to_numpy())


def edit(file: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the JSON in a file."""
    told = json.loads(file.read_text())
    change(told)
    file.write_text(json.dumps(told))

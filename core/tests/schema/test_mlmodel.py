from __future__ import annotations

import datetime as dt
import io
import pickle
import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from modelpack.errors import InvalidArgumentError, InvalidModelError, NotFoundError
from modelpack.schema.mlmodel import MLmodel
from modelpack.schema.signature import Column, ColumnSchema, DataType, ModelSignature

if TYPE_CHECKING:
    from pathlib import Path

SIGNATURE = ModelSignature(inputs=ColumnSchema((Column(DataType.DOUBLE, "x"),)))
TEXT = """\
flavors:
  python_function:
    loader_module: mlflow.sklearn
    python_version: 3.10
  crate:
    version: 0.1.0
    nested: {list: [1, null, true], text: 'no'}
utc_time_created: '2022-07-03 07:39:45.421863'
run_id: 41f73f45f65a49cbbea2f9fb590ca2c1
model_id: null
prompts: null
something_new: {a: [1]}
"""


def test_flavors_are_added_in_a_chain() -> None:
    """Each call answers the model, and a second one under the same name replaces the first (S12)."""
    model = MLmodel()
    assert model.add_flavor("a", data="x").add_flavor("b").add_flavor("a", other=1) is model
    assert model.flavors == {"a": {"other": 1}, "b": {}}


def test_two_models_share_nothing() -> None:
    """Neither a default nor a value that was given leaks from one model into the next (Q1)."""
    conf: dict[str, Any] = {"options": {"depth": 3}}
    first, second = MLmodel(), MLmodel()
    first.add_flavor("toy", **conf)
    second.add_flavor("toy", **conf)
    first.flavors["toy"]["options"]["depth"] = 4
    first.to_dict()["flavors"]["toy"]["options"]["depth"] = 5
    assert MLmodel().flavors == {}
    assert second.flavors == {"toy": {"options": {"depth": 3}}}
    assert conf == {"options": {"depth": 3}}
    assert first.flavors == {"toy": {"options": {"depth": 4}}}


def test_what_is_given_is_copied() -> None:
    """Changing a mapping afterwards does not change the model that was made from it."""
    flavors: dict[str, dict[str, Any]] = {"toy": {"list": [1]}}
    built, read = MLmodel(flavors=flavors), MLmodel.from_dict({"flavors": flavors, "extra": flavors})
    flavors["toy"]["list"].append(2)
    assert built.flavors == read.flavors == read.to_dict()["extra"] == {"toy": {"list": [1]}}


def test_unknown_keys_and_flavors_survive() -> None:
    """A rewrite keeps what modelpack does not know, nulls included (S3)."""
    written = yaml.safe_load(MLmodel.from_yaml(TEXT).to_yaml())
    expected = yaml.safe_load(TEXT)
    expected["flavors"]["python_function"]["python_version"] = "3.10"
    assert written == expected


def test_keys_named_like_methods_survive() -> None:
    """No key of a file can hide a method."""
    text = (
        "flavors: {}\nsave: 1\ncopy: 2\nmodel_config: {a: 1}\nmodel_fields: x\ncreated: 5\n__class__: y\n_private: 3\n"
    )
    assert yaml.safe_load(MLmodel.from_yaml(text).to_yaml()) == yaml.safe_load(text)


def test_absent_keys_are_not_written() -> None:
    """A model that was never logged says nothing of runs (S7)."""
    assert MLmodel(run_id=None, artifact_path=None, signature=None).to_dict() == {"flavors": {}}


def test_the_signature_is_an_object() -> None:
    """It is read from JSON text and written as JSON text."""
    text = 'flavors: {}\nsignature:\n  inputs: \'[{"name": "x", "type": "double"}]\'\n  outputs: null\n'
    model = MLmodel.from_yaml(text)
    assert model.signature == SIGNATURE
    assert model.to_dict()["signature"] == {
        "inputs": '[{"type": "double", "name": "x", "required": true}]',
        "outputs": None,
        "params": None,
    }


def test_an_empty_signature_is_none() -> None:
    """A signature that says nothing is not written, since MLflow refuses to read one."""
    assert MLmodel.from_dict({"flavors": {}, "signature": {"inputs": None}}).signature is None


def test_a_broken_signature_is_an_error() -> None:
    """A signature that cannot be read is never dropped (P6)."""
    with pytest.raises(InvalidModelError, match=r"some/MLmodel: signature inputs: the JSON is broken at character 2"):
        MLmodel.from_yaml("flavors: {}\nsignature: {inputs: '[{]'}", source="some/MLmodel")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("utc_time_created: '2022-07-03 07:39:45.421863'", dt.datetime(2022, 7, 3, 7, 39, 45, 421863, tzinfo=dt.UTC)),
        ("utc_time_created: '2022-07-03T07:39:45Z'", dt.datetime(2022, 7, 3, 7, 39, 45, tzinfo=dt.UTC)),
        ("utc_time_created: 2022-07-03T09:39:45+02:00", dt.datetime(2022, 7, 3, 7, 39, 45, tzinfo=dt.UTC)),
        ("time_created: 2018-05-25T17:28:53.35", dt.datetime(2018, 5, 25, 17, 28, 53, 350000, tzinfo=dt.UTC)),
        ("time_created: '2018-05-25T17:28:53.35'", dt.datetime(2018, 5, 25, 17, 28, 53, 350000, tzinfo=dt.UTC)),
        ("time_created: 2018-05-25", dt.datetime(2018, 5, 25, tzinfo=dt.UTC)),
        ("time_created: 1.5337659e+09", dt.datetime(2018, 8, 8, 22, 5, tzinfo=dt.UTC)),
        ("time_created: 1.0e+300", None),
        ("utc_time_created: 19-09-25T13:56:34.34.95", None),
        ("utc_time_created: <date-string of the desired experiment>", None),
        ("run_id: abc", None),
    ],
)
def test_the_creation_time(line: str, expected: dt.datetime | None) -> None:
    """All forms of all releases are understood; what is no time is none and no error (S6)."""
    assert MLmodel.from_yaml(f"flavors: {{}}\n{line}").created == expected


def test_a_flavors_conf_is_found_by_name() -> None:
    """A flavor that is not there is named, with those that are."""
    model = MLmodel(flavors={"sklearn": {"data": "x"}, "onnx": {}})
    assert model.flavor_conf("sklearn") == {"data": "x"}
    with pytest.raises(NotFoundError, match="no flavor 'keras'; it has: onnx, sklearn"):
        model.flavor_conf("keras")


def test_yaml_goes_to_a_stream_when_one_is_given() -> None:
    """Without a stream the text is answered, with one nothing is (S13)."""
    stream = io.StringIO()
    model = MLmodel().add_flavor("toy")
    model.to_yaml(stream)
    assert stream.getvalue() == model.to_yaml() == "flavors:\n  toy: {}\n"


def test_saving_and_loading_take_a_directory_or_a_file(tmp_path: Path) -> None:
    """The file is called MLmodel in a directory, and as the caller says elsewhere (S14, S15)."""
    model = MLmodel(signature=SIGNATURE, run_id="abc").add_flavor("toy", data="a/b")
    model.save(tmp_path)
    model.save(str(tmp_path / "copy"))
    assert {path.name for path in tmp_path.iterdir()} == {"MLmodel", "copy"}
    loaded = [MLmodel.load(path) for path in (tmp_path, str(tmp_path / "MLmodel"), tmp_path / "copy")]
    assert loaded == [model] * 3


def test_saving_replaces_the_file_in_one_step(tmp_path: Path) -> None:
    """A save that fails leaves the old content and nothing beside it."""
    MLmodel().add_flavor("old").save(tmp_path)
    broken = MLmodel()
    broken.flavors["new"] = {"value": object()}
    with pytest.raises(InvalidArgumentError, match=r"flavors: new: value is a builtins\.object"):
        broken.save(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["MLmodel"]
    assert MLmodel.load(tmp_path).flavors == {"old": {}}


def test_saving_into_a_directory_that_is_not_there(tmp_path: Path) -> None:
    """The missing directory is named."""
    with pytest.raises(NotFoundError, match="gone"):
        MLmodel().save(tmp_path / "gone" / "MLmodel")


@pytest.mark.parametrize("name", ["", "nothing", "nothing/MLmodel"])
def test_a_directory_without_the_file_is_no_model(name: str, tmp_path: Path) -> None:
    """The message names what was given."""
    path = tmp_path / name
    with pytest.raises(NotFoundError, match=re.escape(f"{path} is no model")):
        MLmodel.load(path)


@pytest.mark.parametrize(
    ("conf", "place"),
    [
        ({"model_path": "/abs/model.pkl"}, "python_function.model_path: .* it is absolute"),
        ({"data": "a\\b"}, "python_function.data: .*back-slash"),
        ({"code": "../code"}, "python_function.code: .* leaves"),
        ({"python_model": "C:/model.pkl"}, "python_function.python_model"),
        ({"env": "/etc/conda.yaml"}, "python_function.env"),
        ({"env": {"conda": "conda.yaml", "virtualenv": "/x"}}, "python_function.env.virtualenv"),
        ({"artifacts": {"a": {"path": "/x", "uri": "file:///x"}}}, "python_function.artifacts.a.path"),
    ],
)
def test_paths_that_leave_the_model_are_not_written(conf: dict[str, Any], place: str, tmp_path: Path) -> None:
    """Nobody can load a model whose paths point elsewhere, so none is saved."""
    with pytest.raises(InvalidModelError, match=place):
        MLmodel().add_flavor("python_function", loader_module="x", **conf).save(tmp_path)
    assert not any(tmp_path.iterdir())


def test_where_an_artifact_came_from_may_be_anywhere(tmp_path: Path) -> None:
    """The `uri` of an artifact and an `artifact_path` that is a URI are notes, not paths of the model."""
    model = MLmodel(artifact_path="file:///C:/Users/x/models/m-1/artifacts")
    model.add_flavor("python_function", artifacts={"a": {"path": "artifacts/a", "uri": "/mnt/a"}}, env="conda.yaml")
    model.save(tmp_path)
    assert MLmodel.load(tmp_path) == model


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 12\n", "is a Git LFS pointer"),
        (b"a: 1\nb: x: 2\n", "line 2, column 5: mapping values are not allowed"),
        (pickle.dumps({"flavors": {}}), "is a pickle, which was not opened"),
        (b"\x00\x01\xff\xfe", "is not UTF-8 text"),
        (b"name: x\nentry_points: {main: {command: python x}}\n", "no mapping `flavors`; it looks like an MLproject"),
        (b"import os\n\n\ndef f(x):\n    return {x: 1}\n", "MLmodel"),
        (b"x = 1\n", "holds a str and no mapping"),
        (b"", "is empty"),
        (b"- a\n", "holds a list and no mapping"),
        (b"flavors: [sklearn]\n", "no mapping `flavors`"),
        (b"flavors:\n", "no mapping `flavors`"),
        (
            b"flavors: {sklearn: model.pkl}\n",
            "flavors.sklearn: Input should be a valid dictionary, this is 'model.pkl'",
        ),
        (b"flavors: {1: {}}\n", "flavors: the key 1 is no text"),
        (b"flavors: {}\n1: x\n", "the key 1 is no text"),
        (b"flavors: {}\nrun_id: [a]\n", "run_id: Input should be a valid string"),
        (b"flavors: {}\nsignature: [a]\n", "signature: .*a mapping with `inputs`"),
        (b"flavors: {}\nmodelpack_format: 2\n", "has format 2, and this modelpack reads up to 1"),
    ],
    ids=lambda value: None if isinstance(value, bytes) else value[:40],
)
def test_files_that_describe_no_model_are_refused(content: bytes, reason: str, tmp_path: Path) -> None:
    """The message names the file and says what is wrong with it."""
    (tmp_path / "MLmodel").write_bytes(content)
    with pytest.raises(InvalidModelError, match=reason) as caught:
        MLmodel.load(tmp_path)
    assert str(tmp_path / "MLmodel") in caught.value.message


def test_a_flavor_without_attributes_is_read() -> None:
    """A hand-written `flavors: {sklearn: }` has an empty conf."""
    assert MLmodel.from_yaml("flavors:\n  sklearn:\n").flavors == {"sklearn": {}}

"""What a saved pipeline may name: looked at before Spark looks."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import modelpack
import modelpack.pyfunc
from modelpack.errors import InvalidModelError, ModelpackError, TrustError
from modelpack_flavor_spark.allowlist import is_allowed
from modelpack_flavor_spark.audit import stages_in

Edit = Callable[[Callable[[dict[str, Any]], None]], Path]


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """A pipeline of one stage, as Spark writes it."""
    root = tmp_path / "model" / "sparkml"
    pipeline = {"class": "org.apache.spark.ml.PipelineModel", "uid": "p", "paramMap": {"stageUids": ["scaler"]}}
    write(root / "metadata" / "part-00000", json.dumps(pipeline) + "\n")
    stage = {"class": "org.apache.spark.ml.feature.Binarizer", "uid": "scaler", "paramMap": {}}
    write(root / "stages" / "0_scaler" / "metadata" / "part-00000-1a-c000.txt", json.dumps(stage))
    write(root / "metadata" / "_SUCCESS", "")
    write(root / "metadata" / ".part-00000.crc", "crc")
    return root


def write(path: Path, text: str) -> None:
    """Write a file, and its directory."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def stage_of(root: Path) -> Path:
    """The file that describes the stage."""
    return root / "stages" / "0_scaler" / "metadata" / "part-00000-1a-c000.txt"


def test_mllibs_own_stages_need_no_trust(saved: Path) -> None:
    """Nothing is told of them."""
    stages = stages_in(saved)
    assert stages.foreign == ()
    assert stages.on_jvm


@pytest.mark.parametrize(
    "name",
    [
        "org.apache.spark.ml.feature.SQLTransformer",
        "org.apache.spark.ml.tuning.CrossValidatorModel",
        "pyspark.ml.classification.json",
        "pyspark.ml.feature.LogisticRegressionModel",
        "pyspark.ml.util.shutil",
        "pyspark.ml.classification.LogisticRegression.evil",
        "os.system",
        "mypackage.Stage",
        "evil.org.apache.spark.ml.feature.Binarizer",
        "org.apache.spark.ml.feature.Binarizer\n",
        "",
    ],
)
def test_other_classes_are_told(saved: Path, name: str) -> None:
    """Whatever a class is called: those of the list alone are imported without trust."""
    write(stage_of(saved), json.dumps({"class": name, "uid": "scaler"}))
    assert stages_in(saved).foreign == (name,)


@pytest.mark.parametrize(
    "name",
    [
        "org.apache.spark.ml.PipelineModel",
        "pyspark.ml.pipeline.PipelineModel",
        "pyspark.ml.classification.OneVsRestModel",
        "org.apache.spark.ml.clustering.KMeansModel",
    ],
)
def test_names_in_either_language(name: str) -> None:
    """Spark writes Java's for most stages, and Python's for some."""
    assert is_allowed(name)


def test_every_class_of_the_list_is_one_of_sparks() -> None:
    """In the module that the list has it in; those without a Python class are the JVM's private ones."""
    from importlib import import_module

    from modelpack_flavor_spark.allowlist import _CLASSES

    private = {"ColumnPruner", "VectorAttributeRewriter"}
    missing = {name for name, module in _CLASSES.items() if not hasattr(import_module(f"pyspark.ml.{module}"), name)}
    assert missing == private


def test_nested_stages_are_found(saved: Path) -> None:
    """However deep."""
    deep = saved / "stages" / "0_scaler" / "classifier" / "x" / "metadata" / "part-00000"
    write(deep, json.dumps({"class": "mypackage.Stage"}))
    assert stages_in(saved).foreign == ("mypackage.Stage",)


def damage(name: str) -> Callable[[Path], Any]:
    """Something that is wrong with a saved pipeline."""
    evil = json.dumps({"class": "mypackage.Evil"})

    def twice(root: Path) -> None:
        text = '{"class": "mypackage.Evil", "class": "org.apache.spark.ml.feature.Binarizer"}'
        stage_of(root).write_text(text, encoding="utf-8")

    def uids(*names: Any) -> Callable[[Path], None]:
        text = json.dumps({"class": "org.apache.spark.ml.PipelineModel", "paramMap": {"stageUids": list(names)}})
        return lambda root: write(root / "metadata" / "part-00000", text)

    def link(root: Path) -> None:
        shutil.move(root / "stages", root.parent / "elsewhere")
        (root / "stages").symlink_to(root.parent / "elsewhere")

    changes: dict[str, Callable[[Path], Any]] = {
        "two lines": lambda root: stage_of(root).write_text(stage_of(root).read_text() + f"\n{evil}"),
        "a line of Unix and one of a Mac": lambda root: stage_of(root).write_text(
            f"{stage_of(root).read_text()}\r{evil}"
        ),
        "a second file": lambda root: write(stage_of(root).with_name("part-00001"), evil),
        "a file that Spark expands": lambda root: write(stage_of(root).with_name("part-00001.gz"), evil),
        "a folder": lambda root: write(stage_of(root).parent / "a=1" / "part-00000", evil),
        "a key twice": twice,
        "no JSON": lambda root: stage_of(root).write_text("{"),
        "a list": lambda root: stage_of(root).write_text("[]"),
        "no text": lambda root: stage_of(root).write_bytes(b"\xff\xfe"),
        "no class": lambda root: stage_of(root).write_text("{}"),
        "no file": lambda root: stage_of(root).unlink(),
        "a stage outside": uids("../../../elsewhere"),
        "a stage that is no name": uids(3),
        "a stage that is missing": uids("scaler", "other"),
        "a link": link,
        "another model": lambda root: write(
            root / "metadata" / "part-00000", json.dumps({"class": "org.apache.spark.ml.feature.Binarizer"})
        ),
        "nothing": lambda root: shutil.rmtree(root / "metadata"),
    }
    return changes[name]


DAMAGES = (
    "two lines",
    "a line of Unix and one of a Mac",
    "a second file",
    "a file that Spark expands",
    "a folder",
    "a key twice",
    "no JSON",
    "a list",
    "no text",
    "no class",
    "no file",
    "a stage outside",
    "a stage that is no name",
    "a stage that is missing",
    "a link",
    "another model",
    "nothing",
)


@pytest.mark.parametrize("name", DAMAGES)
def test_what_spark_might_read_otherwise_is_refused(saved: Path, name: str) -> None:
    """A file is read by Spark as it was read here, or not at all."""
    damage(name)(saved)
    with pytest.raises(InvalidModelError):
        stages_in(saved)


@pytest.mark.slow
@pytest.mark.usefixtures("spark")
def test_a_stage_of_python_is_imported_for_those_who_trust(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes with the model's code; a stranger's import runs nothing, also where the conf hides the stage."""
    source = (
        "from pyspark.ml import Transformer\n"
        "from pyspark.ml.util import DefaultParamsReadable, DefaultParamsWritable\n"
        "class Doubled(Transformer, DefaultParamsReadable, DefaultParamsWritable):\n"
        "    def _transform(self, frame):\n"
        "        return frame.withColumn('prediction', frame['a'] * 2)\n"
    )
    write(tmp_path / "code" / "doubling.py", source)
    monkeypatch.syspath_prepend(str(tmp_path / "code"))
    from pyspark.ml import PipelineModel

    doubled = __import__("doubling").Doubled()
    info = modelpack.save_model(
        PipelineModel(stages=[doubled]), tmp_path / "model", code_paths=[tmp_path / "code" / "doubling.py"]
    )
    assert info.flavors["spark"]["custom_stages"] == ["doubling.Doubled"]
    answer = modelpack.pyfunc.load_model(tmp_path / "model").predict(pd.DataFrame({"a": [1.0, 2.0]}))
    assert answer.tolist() == [2.0, 4.0]
    hidden = shutil.copytree(tmp_path / "model", tmp_path / "hidden")
    (hidden / "MANIFEST.sha256").unlink()
    shutil.rmtree(hidden / "code")
    text = (hidden / "MLmodel").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if "custom_stages" not in line and "doubling" not in line]
    (hidden / "MLmodel").write_text("\n".join(line for line in lines if "code: code" not in line), encoding="utf-8")
    monkeypatch.setenv("MODELPACK_HOME", str(tmp_path / "stranger"))
    with pytest.raises(TrustError, match=r"doubling\.Doubled"):
        modelpack.load_model(hidden)
    with pytest.raises(ModelpackError):
        modelpack.load_model(tmp_path / "model", trust=False)

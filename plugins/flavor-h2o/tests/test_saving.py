"""What is written, what is refused, and what comes back."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import h2o
import pandas as pd
import pytest
import yaml

import modelpack
import modelpack_flavor_h2o as flavor
from modelpack.errors import (
    IntegrityError,
    InvalidArgumentError,
    InvalidModelError,
    ModelFailureError,
    ModelpackError,
    ModelpackWarning,
    WrongModelError,
)
from modelpack_flavor_h2o.binaries import file_name


def forget_manifest(path: Path) -> Path:
    """Make it a model as MLflow writes them; answers its `model.h2o`."""
    (path / "MANIFEST.sha256").unlink()
    return path / "model.h2o"


def test_files_and_keys(binomial: Any, rows: pd.DataFrame, tmp_path: Path) -> None:
    """Those of MLflow (S83 to S85), with a MOJO beside; `h2o.yaml` tells no place of this machine."""
    info = flavor.save_model(
        binomial,
        tmp_path / "model",
        conda_env={"name": "mine", "dependencies": ["python=3.11", {"pip": ["h2o"]}]},
        settings={"init": {"nthreads": 2}, "note": "mine", "full_file": "/home/me/model"},
        input_example=rows.head(2),
        metadata={"owner": "garden"},
    )
    files = sorted(path.name for path in (tmp_path / "model" / "model.h2o").iterdir())
    assert files == ["binomial", "binomial.zip", "h2o.yaml"]
    written = yaml.safe_load((tmp_path / "model" / "model.h2o" / "h2o.yaml").read_text(encoding="utf-8"))
    assert written == {"init": {"nthreads": 2}, "note": "mine", "model_file": "binomial"}
    assert info.flavors["h2o"] == {
        "data": "model.h2o",
        "h2o_version": h2o.__version__,
        "mojo": "model.h2o/binomial.zip",
    }
    generic = info.flavors["python_function"]
    assert (generic["loader_module"], generic["data"]) == ("mlflow.h2o", "model.h2o")
    assert "name: mine" in (tmp_path / "model" / "conda.yaml").read_text(encoding="utf-8")
    assert info.signature is not None
    assert info.signature.inputs is not None
    assert info.signature.outputs is not None
    assert info.signature.inputs.names == tuple(rows)
    assert info.signature.outputs.names == ("predict", "no", "yes")


def test_native_model_comes_back(saved: Path, binomial: Any) -> None:
    """As the estimator that it was, in the H2O that runs."""
    loaded = flavor.load_model(saved)
    assert type(loaded) is type(binomial)
    assert loaded.model_id == "binomial"
    assert loaded.varimp() == binomial.varimp()


def test_log_and_load_from_a_run(binomial: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the path in the run, as S82 has it."""
    monkeypatch.chdir(tmp_path)
    with modelpack.start_run() as run:
        info = flavor.log_model(binomial, "trees", settings={"init": {"nthreads": 1}})
    assert info.model_uri == f"runs:/{run.run_id}/trees"
    assert flavor.load_model("trees", run_id=run.run_id).model_id == "binomial"


def test_model_that_h2o_exports_no_mojo_of(train: Callable[..., Any], rows: pd.DataFrame, tmp_path: Path) -> None:
    """H2O's words are passed on, and H2O scores it."""
    model = train(h2o.estimators.H2ONaiveBayesEstimator(model_id="bayes"), "two")
    with pytest.warns(ModelpackWarning, match=r"without a MOJO.*Export to MOJO not supported"):
        info = flavor.save_model(model, tmp_path / "model")
    assert "mojo" not in info.flavors["h2o"]
    assert set(modelpack.pyfunc.load_model(tmp_path / "model").predict(rows)["predict"]) <= {"yes", "no"}


@pytest.mark.parametrize("model_id", ["a/b", "../up", "with space", ".hidden", "ä.1", "..", ""])
def test_odd_ids_stay_in_the_directory(model_id: str) -> None:
    """A model's id is the user's; its file lies where it belongs."""
    name = file_name(model_id)
    assert Path(name).name == name
    assert not name.startswith(".")


def test_untrained_model_is_refused(tmp_path: Path) -> None:
    """Before anything is written."""
    with pytest.raises(InvalidArgumentError, match="H2OGradientBoostingEstimator is not trained"):
        flavor.save_model(h2o.estimators.H2OGradientBoostingEstimator(), tmp_path / "model")
    with pytest.raises(WrongModelError, match="a model of H2O"):
        flavor.save_model(h2o.H2OFrame([[1]]), tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("settings", [{"init": {1, 2}}, {"init": object()}])
def test_settings_are_plain_values(settings: Any, binomial: Any, tmp_path: Path) -> None:
    """What YAML cannot hold is refused, and nothing stays."""
    with pytest.raises(ModelpackError):
        flavor.save_model(binomial, tmp_path / "model", settings=settings)
    assert list(tmp_path.iterdir()) == []


def test_another_release_is_told_with_what_to_install(saved: Path, rows: pd.DataFrame) -> None:
    """H2O's own file says who wrote it; the MOJO is of no release."""
    data = forget_manifest(saved)
    file = data / "binomial"
    file.write_bytes(file.read_bytes().replace(h2o.__version__.encode(), b"3.34.0.3", 1).replace(b"\n", b"\t", 1))
    with pytest.raises(
        ModelFailureError, match=r"written by H2O 3\.34\.0\.3, and 3\.46\.0\.\d+ is installed"
    ) as raised:
        flavor.load_model(saved, trust=True, versions="ignore")
    assert str(raised.value.hint).startswith("pip install h2o==3.34.0.3; modelpack.pyfunc scores")
    assert len(modelpack.pyfunc.load_model(saved).predict(rows)) == len(rows)


def test_recorded_release_is_compared_by_the_callers_policy(saved: Path) -> None:
    """In both views."""
    forget_manifest(saved)
    file = saved / "MLmodel"
    file.write_text(file.read_text(encoding="utf-8").replace(h2o.__version__, "3.34.0.3"), encoding="utf-8")
    for view in ("mojo", "binary"):
        with pytest.warns(ModelpackWarning, match=r"h2o 3\.34\.0\.3"):
            modelpack.pyfunc.load_model(saved, view=view, trust=True)
        with pytest.raises(ModelFailureError, match=r"h2o 3\.34\.0\.3"):
            modelpack.pyfunc.load_model(saved, view=view, trust=True, versions="error")


@pytest.mark.parametrize("content", [b"", b"\x1c\xed", b"PK\x03\x04", b"\x1c\xed\xff3.46", b"\x1c\xed\x04\x00\x00\x00"])
def test_file_that_is_none_of_h2os_is_refused(content: bytes, saved: Path) -> None:
    """Before H2O is asked."""
    (forget_manifest(saved) / "binomial").write_bytes(content)
    with pytest.raises(InvalidModelError, match="no binary model of H2O"):
        flavor.load_model(saved, trust=True)


@pytest.mark.parametrize("kept", [0, 10, 2000, -30])
def test_damaged_mojo_is_refused(kept: int, saved: Path) -> None:
    """By its check sums, before Java reads it; with a manifest, before that."""
    file = saved / "model.h2o" / "binomial.zip"
    file.write_bytes(file.read_bytes()[:kept])
    with pytest.raises(IntegrityError, match=r"binomial\.zip"):
        modelpack.pyfunc.load_model(saved)
    forget_manifest(saved)
    with pytest.raises(InvalidModelError, match=r"binomial\.zip"):
        modelpack.pyfunc.load_model(saved)


@pytest.mark.parametrize("place", [0.0, 0.02, 0.1, 0.2, 0.33, 0.5, 0.6, 0.7, 0.8, 0.9, 0.99])
def test_changed_mojo_is_refused(place: float, saved: Path, rows: pd.DataFrame) -> None:
    """One bit, as a disk may lose it: unless it means nothing, like that of a time, the file is named."""
    whole = modelpack.pyfunc.load_model(saved).predict(rows)
    file = forget_manifest(saved) / "binomial.zip"
    content = bytearray(file.read_bytes())
    content[int(len(content) * place)] ^= 1
    file.write_bytes(bytes(content))
    try:
        loaded = modelpack.pyfunc.load_model(saved)
    except ModelpackError as error:
        assert "binomial.zip" in error.message  # noqa: PT017 - it may also load
    else:
        pd.testing.assert_frame_equal(loaded.predict(rows), whole)


def test_changed_tree_is_refused(saved: Path) -> None:
    """By its check sum, or because it cannot be decompressed."""
    file = forget_manifest(saved) / "binomial.zip"
    with ZipFile(file) as archive:
        tree = max(archive.infolist(), key=lambda member: member.compress_size)
    content = bytearray(file.read_bytes())
    content[tree.header_offset + 60 + tree.compress_size // 2] ^= 1
    file.write_bytes(bytes(content))
    with pytest.raises(InvalidModelError, match=r"binomial\.zip"):
        modelpack.pyfunc.load_model(saved)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("init: {}\n", "does not name"),
        ("- 1\n", "does not name"),
        ("model_file: binomial\ninit: 3\n", "init in .* is 3"),
    ],
)
def test_settings_that_say_nothing_are_refused(text: str, message: str, saved: Path) -> None:
    """With the file's name."""
    (forget_manifest(saved) / "h2o.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(InvalidModelError, match=message):
        flavor.load_model(saved, trust=True)


def test_model_file_stays_inside(saved: Path) -> None:
    """`h2o.yaml` cannot name a file of somebody else's."""
    data = forget_manifest(saved)
    (saved.parent / "outside").write_bytes((data / "binomial").read_bytes())
    (data / "h2o.yaml").write_text("model_file: ../../outside\n", encoding="utf-8")
    with pytest.raises(InvalidModelError, match="outside"):
        flavor.load_model(saved, trust=True)


def test_default_environment_names_h2o() -> None:
    """At the version that is installed."""
    assert flavor.get_default_conda_env()["dependencies"][-1]["pip"] == [f"h2o=={h2o.__version__}"]


def test_importing_the_package_imports_no_library() -> None:
    """Neither H2O nor Java, until something is saved or loaded."""
    names = "{'h2o', 'jpype', 'pandas', 'numpy'}"
    program = (
        f"import sys, modelpack_flavor_h2o, modelpack_flavor_h2o.flavor; print(sorted({names} & set(sys.modules)))"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"

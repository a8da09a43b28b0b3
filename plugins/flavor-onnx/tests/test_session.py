"""Providers and session options: what is set, what a model may set, and what happens where a provider is not."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import onnxruntime
import pandas as pd
import pytest

import modelpack
import modelpack_flavor_onnx as flavor
from modelpack import ModelpackWarning
from modelpack.errors import InvalidArgumentError, InvalidModelError, TrustError
from modelpack_flavor_onnx.settings import SessionOptions, Settings

Linear = Callable[..., Any]
RECORDED = Path(__file__).parent / "recorded"
FRAME = pd.DataFrame({"a": [1.0], "b": [2.0], "c": [3.0]})


def rewritten(path: Path, before: str, after: str) -> None:
    """Change `MLmodel` as another writer would have written it."""
    file = path / "MLmodel"
    text = file.read_text(encoding="utf-8")
    assert before in text
    file.write_text(text.replace(before, after), encoding="utf-8")
    (path / "MANIFEST.sha256").unlink(missing_ok=True)


def session_of(model: Any) -> Any:
    """The session of a loaded model."""
    return model._predictor._run.__self__


def test_settings_reach_the_session(linear: Linear, tmp_path: Path) -> None:
    """Threads, mode, optimization and config."""
    given = {
        "intra_op_num_threads": 1,
        "inter_op_num_threads": 2,
        "execution_mode": "PARALLEL",
        "graph_optimization_level": 1,
        "extra_session_config": {"session.intra_op.allow_spinning": "0"},
    }
    info = flavor.save_model(linear(), tmp_path / "model", onnx_session_options=given)
    assert info.flavors["onnx"]["onnx_session_options"] == given | {"execution_mode": "parallel"}
    options = session_of(modelpack.pyfunc.load_model(tmp_path / "model")).get_session_options()
    assert (options.intra_op_num_threads, options.inter_op_num_threads) == (1, 2)
    assert options.execution_mode == onnxruntime.ExecutionMode.ORT_PARALLEL
    assert options.graph_optimization_level == onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    assert options.get_session_config_entry("session.intra_op.allow_spinning") == "0"


def test_the_callers_settings_count_more(linear: Linear, tmp_path: Path) -> None:
    """Each that is given; the others stay the model's."""
    options = {"intra_op_num_threads": 3, "inter_op_num_threads": 2}
    flavor.save_model(linear(), tmp_path / "model", onnx_session_options=options)
    model = modelpack.pyfunc.load_model(
        tmp_path / "model",
        onnx_session_options={"intra_op_num_threads": 1},
        onnx_execution_providers=["CPUExecutionProvider"],
    )
    found = session_of(model).get_session_options()
    assert (found.intra_op_num_threads, found.inter_op_num_threads) == (1, 2)
    with pytest.raises(InvalidArgumentError, match="threads") as raised:
        modelpack.load_model(tmp_path / "model", threads=1)
    assert "onnx_session_options" in str(raised.value.hint)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"onnx_session_options": {"threads": 2}}, "threads"),
        ({"onnx_session_options": {"intra_op_num_threads": -1}}, "intra_op_num_threads.*-1"),
        ({"onnx_session_options": {"intra_op_num_threads": "many"}}, "intra_op_num_threads.*many"),
        ({"onnx_session_options": {"execution_mode": "fast"}}, "execution_mode.*fast"),
        ({"onnx_session_options": {"graph_optimization_level": 5}}, "graph_optimization_level.*5"),
        ({"onnx_session_options": {"custom_ops_library": "ops.so"}}, "custom_ops_library"),
        ({"onnx_execution_providers": [("CUDAExecutionProvider", "fast")]}, "onnx_execution_providers"),
        ({"onnx_execution_provider": ["CPUExecutionProvider"]}, "did you mean 'onnx_execution_providers'"),
    ],
    ids=str,
)
def test_settings_that_cannot_be_are_refused(
    options: dict[str, Any], words: str, linear: Linear, tmp_path: Path
) -> None:
    """With the name and the value, before anything is written."""
    with pytest.raises(InvalidArgumentError, match=words):
        modelpack.save_model(linear(), tmp_path / "model", **options)
    assert list(tmp_path.iterdir()) == []


def test_default_is_a_gpu_where_there_is_one(linear: Linear, tmp_path: Path) -> None:
    """MLflow's default; where there is none nobody is told, since nobody asked."""
    info = flavor.save_model(linear(), tmp_path / "model")
    assert info.flavors["onnx"]["providers"] == flavor.ONNX_EXECUTION_PROVIDERS
    assert session_of(modelpack.pyfunc.load_model(tmp_path / "model")).get_providers() == ["CPUExecutionProvider"]


@pytest.mark.parametrize(
    "providers",
    [["CUDAExecutionProvider"], [("CUDAExecutionProvider", {"device_id": 1}), "CPUExecutionProvider"]],
    ids=["alone", "with options"],
)
def test_model_for_a_gpu_runs_on_a_cpu(providers: list[Any], linear: Linear, tmp_path: Path) -> None:
    """With a warning that says so."""
    flavor.save_model(linear(), tmp_path / "model", onnx_execution_providers=providers)
    with pytest.warns(ModelpackWarning, match=r"CUDAExecutionProvider.*runs on CPUExecutionProvider"):
        model = modelpack.pyfunc.load_model(tmp_path / "model")
    assert model.predict(FRAME)["y"].tolist() == [8.0]


def test_other_provider_is_chosen(linear: Linear, tmp_path: Path) -> None:
    """Any that the installed runtime has, in the order of the model."""
    providers = sorted(onnxruntime.get_available_providers(), key="CPUExecutionProvider".__eq__)
    flavor.save_model(linear(), tmp_path / "model", onnx_execution_providers=providers)
    assert session_of(modelpack.pyfunc.load_model(tmp_path / "model")).get_providers() == providers


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"onnx_execution_providers": [("QNNExecutionProvider", {"backend_path": "evil.so"})]}, "backend_path"),
        (
            {"onnx_execution_providers": [("TensorrtExecutionProvider", {"trt_extra_plugin_lib_paths": "evil.so"})]},
            "trt_extra_plugin_lib_paths",
        ),
        (
            {"onnx_session_options": {"extra_session_config": {"session.optimized_model_filepath": "/tmp/x"}}},  # noqa: S108 - a text
            "session.optimized_model_filepath",
        ),
    ],
    ids=["library of a provider", "plugins of a provider", "file of a session"],
)
def test_settings_that_could_run_code_need_trust(
    options: dict[str, Any],
    named: str,
    linear: Linear,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A stranger's model chooses no library and no file; the setting is named."""
    flavor.save_model(linear(), tmp_path / "model", **options)
    monkeypatch.setenv("MODELPACK_HOME", str(tmp_path_factory.mktemp("stranger")))
    with pytest.raises(TrustError, match=named):
        modelpack.pyfunc.load_model(tmp_path / "model")
    flavor.load_model(tmp_path / "model", trust=True)


def test_recorded_settings_are_kept() -> None:
    """Pairs as lists, modes in capitals, and options that MLflow lets in without ever setting them."""
    path = RECORDED / "mlflow-3-settings"
    told = json.loads((path / "expected.json").read_text(encoding="utf-8"))
    frame = pd.DataFrame(told["rows"]["data"], columns=told["rows"]["columns"])
    with pytest.warns(ModelpackWarning) as warned:
        model = modelpack.pyfunc.load_model(path, versions="ignore")
    texts = sorted(str(each.message) for each in warned)
    assert ["CUDAExecutionProvider" in texts[0], "log_severity_level" in texts[1]] == [True, True]
    assert session_of(model).get_session_options().intra_op_num_threads == 1
    pd.testing.assert_frame_equal(model.predict(frame), pd.DataFrame(told["predictions"]), check_dtype=False)


@pytest.mark.parametrize("providers", ["CPUExecutionProvider", "null", "[]"])
def test_providers_written_by_hand_are_read(providers: str, linear: Linear, tmp_path: Path) -> None:
    """One name, or nothing."""
    flavor.save_model(linear(), tmp_path / "model", onnx_execution_providers=["CPUExecutionProvider"])
    rewritten(tmp_path / "model", "providers:\n    - CPUExecutionProvider", f"providers: {providers}")
    assert session_of(modelpack.pyfunc.load_model(tmp_path / "model")).get_providers() == ["CPUExecutionProvider"]


@pytest.mark.parametrize("pair", ["[QNNExecutionProvider, [[backend_path, evil.so]]]", "[{a: b}]", "[]"])
def test_malformed_providers_are_refused(pair: str, linear: Linear, tmp_path: Path) -> None:
    """What is no pair of a name and options hides nothing from the question of trust."""
    flavor.save_model(linear(), tmp_path / "model", onnx_execution_providers=["CPUExecutionProvider"])
    rewritten(tmp_path / "model", "- CPUExecutionProvider", f"- {pair}")
    with pytest.raises(InvalidModelError, match="settings for ONNX Runtime"):
        modelpack.load_model(tmp_path / "model")


def test_types_are_mlflows() -> None:
    """What is set is what MLflow sets."""
    assert set(SessionOptions.model_fields) == {
        "inter_op_num_threads",
        "intra_op_num_threads",
        "execution_mode",
        "graph_optimization_level",
        "extra_session_config",
    }
    assert Settings.model_validate({"onnx_session_options": {"execution_mode": "Sequential"}}).onnx_session_options


def test_runtime_is_pinned(linear: Linear, tmp_path: Path) -> None:
    """That which is installed, whatever its distribution is called."""
    flavor.save_model(linear(), tmp_path / "model")
    lines = (tmp_path / "model" / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert f"onnxruntime=={version('onnxruntime')}" in lines


def test_missing_runtime_is_told_with_both_ways(linear: Linear, tmp_path: Path) -> None:
    """The native model loads without it; predicting names the CPU's and the GPU's."""
    flavor.save_model(linear(), tmp_path / "model")
    program = (
        "import sys; sys.modules['onnxruntime'] = None\n"
        "import modelpack\n"
        "print(type(modelpack.load_model(sys.argv[1])).__name__)\n"
        "try: modelpack.pyfunc.load_model(sys.argv[1])\n"
        "except modelpack.errors.MissingDependencyError as error: print(error)\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "model")]
    answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert answer.startswith("ModelProto\n")
    assert 'pip install "modelpack-flavor-onnx[onnxruntime]"' in answer
    assert 'pip install "modelpack-flavor-onnx[onnxruntime-gpu]"' in answer

"""Checks of what is loaded: in a fresh process, from elsewhere, damaged, by someone who trusts nothing."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from modelpack.testing.compare import difference
from modelpack.testing.suite import Suite, needed

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from modelpack.testing.cases import FlavorCase, RecordedModel
    from modelpack.testing.workbench import Workbench


class LoadingChecks(Suite):
    """What a load gives."""

    def test_loads_in_a_fresh_interpreter(self, workbench: Workbench, case: FlavorCase) -> None:
        """Another process loads the same type of model, which predicts the same, natively and through pyfunc.

        If this fails: the conf and the files do not hold all of the model; something was kept in this process (a
        global, a cache, a class defined in a test), or is imported only where models are saved.
        """
        expected = needed(lambda: (workbench.saved(case), workbench.expected(case)), "test_saves_a_valid_model")[1]
        report = workbench.fresh_reports(case)[0]
        assert "error" not in report, report["error"]
        kind = type(workbench.model(case))
        assert report["kind"] == f"{kind.__module__}.{kind.__qualname__}"
        if self.deterministic:
            told = difference(report["native"], expected, case.tolerance)
            assert told is None, f"another process predicts otherwise: {told}"
        _check_pyfunc(report, workbench, case, compare=self.deterministic)

    def test_loads_from_another_place(self, workbench: Workbench, case: FlavorCase) -> None:
        """A read-only copy under a path with spaces and letters of several scripts loads and is left as it is.

        If this fails: open files by `context.file(…)`, hand the library paths it understands, and write nothing into
        `context.path`: unpack and cache in a temporary directory.
        """
        needed(lambda: workbench.saved(case), "test_saves_a_valid_model")
        here, there = needed(lambda: workbench.fresh_reports(case), "test_loads_in_a_fresh_interpreter")
        if "error" in here:
            pytest.skip("not reached: test_loads_in_a_fresh_interpreter tells why")
        assert "error" not in there, there["error"]
        if self.deterministic:
            assert difference(there["native"], here["native"], case.tolerance) is None
        assert _listing(workbench.elsewhere(case)) == _listing(workbench.saved(case)), "loading wrote into the model"

    def test_damaged_files_are_noticed(self, workbench: Workbench, case: FlavorCase) -> None:
        """A file that is cut off or missing leads to a `ModelpackError`, not to a crash or to another model.

        If this fails: let the library's exceptions pass (core puts them in words), and check what it does not check.
        """
        needed(lambda: workbench.fresh_reports(case), "test_loads_in_a_fresh_interpreter")
        damages = _damages(workbench, case)
        for damage, outcome in workbench.damage_report(case, damages).items():
            if isinstance(outcome, str):
                assert outcome == "refused", f"{damage}: {outcome}"
            elif self.deterministic:
                told = difference(outcome, workbench.expected(case), case.tolerance)
                assert told is None, f"{damage}: the model was loaded, and predicts otherwise: {told}"

    def test_executes_code_is_true(self, workbench: Workbench, case: FlavorCase) -> None:
        """What `executes_code` answers is what happens: without a reason nothing is unpickled or run from the model,
        and anyone may load it; with one, somebody who does not trust the model is refused.

        If this fails: answer a reason for every conf whose files are pickles, code or anything else that runs, or load
        them another way. `FlavorCase.executes_code` says what you expect of each case.
        """  # noqa: D205 - one sentence
        needed(lambda: workbench.saved(case), "test_saves_a_valid_model")
        reason = workbench.flavor.executes_code(workbench.conf(case))
        assert bool(reason) == case.executes_code, f"executes_code answers {reason!r}"
        report = workbench.fresh_reports(case)[0]
        if "error" in report:
            pytest.skip("not reached: test_loads_in_a_fresh_interpreter tells why")
        assert report["stranger"] == ("TrustError" if reason else "nothing"), "what a load without trust raises"
        assert not report["ran"], f"a load without trust has {'; '.join(report['ran'][:3])}"

    def test_reads_recorded_models(self, workbench: Workbench, recorded: RecordedModel) -> None:
        """Models that real MLflow wrote load, and predict what they predicted there.

        If this fails: read the older keys and file names too; give conf fields that old releases did not write a
        default.
        """
        import modelpack.pyfunc

        needed(lambda: workbench.flavor, "test_plugin_is_valid")
        model = modelpack.pyfunc.load_model(recorded.path, trust=True, versions="ignore", plugins=workbench.manager)
        told = difference(model.predict(recorded.inputs), recorded.expected, recorded.tolerance)
        assert told is None, told


def _check_pyfunc(report: dict[str, Any], workbench: Workbench, case: FlavorCase, *, compare: bool) -> None:
    """Pyfunc in the other process does what it does in this one; whether that is right another check tells."""
    try:
        predicted = workbench.pyfunc(case).predict(workbench.inputs(case))
    except Exception:  # noqa: BLE001 - told by test_pyfunc_predicts_as_the_library
        return
    assert "pyfunc" in report, report.get("pyfunc_error")
    told = difference(report["pyfunc"], predicted, case.tolerance) if compare else None
    assert told is None, f"through pyfunc another process predicts otherwise: {told}"


def _listing(directory: Path) -> dict[str, int]:
    return {
        path.relative_to(directory).as_posix(): path.stat().st_size
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


def _damages(workbench: Workbench, case: FlavorCase) -> dict[str, Any]:
    """Copies of the model without a manifest, each with one file of the flavor cut off or missing."""
    places: dict[str, Any] = {}
    for file in workbench.artifacts(case):
        for damage in ("cut off", "missing"):
            copy = workbench.new_directory("damaged") / "model"
            shutil.copytree(workbench.saved(case), copy)
            (copy / "MANIFEST.sha256").unlink()
            content = (copy / file).read_bytes()
            (copy / file).unlink()
            if damage == "cut off":
                (copy / file).write_bytes(content[: len(content) // 2])
            places[f"{file} {damage}"] = str(copy)
    return places

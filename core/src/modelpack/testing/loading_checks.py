"""Checks of what is loaded: in a fresh process, from elsewhere, by several threads, by someone who trusts nothing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING

import pytest

from modelpack.testing.compare import difference
from modelpack.testing.skips import applicable, declared, needed
from modelpack.testing.suite import Suite

if TYPE_CHECKING:
    from typing import Any

    from modelpack.testing.cases import FlavorCase, RecordedModel
    from modelpack.testing.loading_probe import Report
    from modelpack.testing.workbench import Workbench

FRESH = "test_loads_in_a_fresh_interpreter"
AT_ONCE = 4


class LoadingChecks(Suite):
    """What a load gives."""

    def test_loads_in_a_fresh_interpreter(self, workbench: Workbench, case: FlavorCase) -> None:
        """Another process loads the same type of model, which predicts the same.

        If this fails: the conf and the files do not hold all of the model; something was kept in this process (a
        global, a cache, a class defined in a test), or is imported only where models are saved.
        """
        expected = needed(lambda: (workbench.saved(case), workbench.expected(case)), "test_saves_a_valid_model")[1]
        report = workbench.fresh_reports(case)[0]
        assert report.error is None, report.error
        kind = type(workbench.model(case))
        assert report.kind == f"{kind.__module__}.{kind.__qualname__}"
        if self.deterministic:
            told = difference(report.native, expected, case.tolerance)
            assert told is None, f"another process predicts otherwise: {told}"

    def test_pyfunc_loads_in_a_fresh_interpreter(self, workbench: Workbench, case: FlavorCase) -> None:
        """In another process the generic Python view predicts as it does in this one.

        If this fails: the predictor uses something that stands neither in the model nor in the load context, but was
        kept in this process.
        """
        expected = needed(
            lambda: workbench.pyfunc(case).predict(workbench.inputs(case)), "test_pyfunc_predicts_as_the_library"
        )
        report = _report(workbench, case)
        if self.deterministic and difference(report.native, workbench.expected(case), case.tolerance) is not None:
            pytest.skip(f"not reached: {FRESH} tells why")
        assert report.pyfunc_error is None, report.pyfunc_error
        told = difference(report.pyfunc, expected, case.tolerance) if self.deterministic else None
        assert told is None, f"through pyfunc another process predicts otherwise: {told}"

    def test_loads_from_another_place(self, workbench: Workbench, case: FlavorCase) -> None:
        """A read-only copy under a path with spaces and letters of several scripts loads and predicts the same.

        If this fails: open files by `context.file(…)`, and hand the library paths that it understands.
        """
        here = _report(workbench, case)
        there = workbench.fresh_reports(case)[1]
        assert there.error is None, there.error
        if self.deterministic:
            assert difference(there.native, here.native, case.tolerance) is None

    def test_loading_leaves_the_model_as_it_is(self, workbench: Workbench, case: FlavorCase) -> None:
        """Loading and predicting write nothing into the model directory, not even for a while.

        If this fails: unpack, lock and cache in a temporary directory; a model may lie on a read-only volume, and a
        file more or less breaks its manifest.
        """
        _report(workbench, case)
        for report in workbench.fresh_reports(case):
            assert not report.changed, f"changed in the model directory: {', '.join(report.changed)}"

    def test_loading_leaves_the_working_directory_alone(self, workbench: Workbench, case: FlavorCase) -> None:
        """Loading and predicting write nothing where the program happens to run.

        If this fails: tell the library not to write logs and caches, or let it write into a temporary directory.
        """
        report = _report(workbench, case)
        assert not report.left, f"written into the working directory: {', '.join(report.left)}"

    def test_loading_is_silent(self, workbench: Workbench, case: FlavorCase) -> None:
        """Loading and predicting print nothing to the standard output, and warn of nothing.

        If this fails: turn the library's chatter off in the load hook; the output belongs to the program, which may
        write data there. Silence warnings that users can do nothing about, each by its message, with
        `warnings.catch_warnings`.
        """
        report = _report(workbench, case)
        assert not report.printed, f"printed: {report.printed[:200]}"
        assert not report.warned, f"warned: {report.warned[0]}"

    def test_loading_lets_the_process_end(self, workbench: Workbench, case: FlavorCase) -> None:
        """No thread is left that keeps a program from ending.

        If this fails: start threads as daemons, or when they are needed, and end them.
        """
        report = _report(workbench, case)
        assert not report.threads, f"these threads keep the process alive: {', '.join(report.threads)}"

    def test_fork_safe_is_true(self, workbench: Workbench, case: FlavorCase) -> None:
        """A flavor that says `fork_safe` loads models that predict in a fork of the process.

        If this fails: leave `fork_safe` out; or keep no thread, lock, socket or device from the load to the first
        prediction.
        """
        report = _report(workbench, case)
        applicable(
            workbench.flavor.fork_safe and report.forked is not None, "the flavor does not claim to be fork-safe"
        )
        if report.pyfunc_error is not None:
            pytest.skip("not reached: test_pyfunc_loads_in_a_fresh_interpreter tells why")
        outcome, answer = report.forked or ("", None)
        assert outcome == "answered", f"in a fork: {answer}"
        told = difference(answer, report.pyfunc, case.tolerance) if self.deterministic else None
        assert told is None, f"in a fork: {told}"

    def test_loads_in_several_threads_at_once(self, workbench: Workbench) -> None:
        """Models that are loaded at the same time do not disturb each other.

        If this fails: keep nothing of a load in the flavor, which is shared, and change nothing of the process, such
        as the working directory or `sys.path`.
        """
        import modelpack

        declared(self.deterministic, "deterministic")
        applicable(bool(self.cases), "the class has no cases")
        cases = list(self.cases) * AT_ONCE
        for case in self.cases:
            _report(workbench, case)
        paths = [workbench.saved(case) for case in cases]
        start = Barrier(len(cases))

        def load(path: Any) -> Any:
            start.wait()
            return modelpack.load_model(path, trust=True, plugins=workbench.manager)

        with ThreadPoolExecutor(len(cases)) as pool:
            models = list(pool.map(load, paths))
        for case, model in zip(cases, models, strict=True):
            told = difference(case.predict(model, workbench.inputs(case)), workbench.expected(case), case.tolerance)
            assert told is None, f"{case.name}, loaded among {len(cases)}: {told}"

    def test_loads_are_independent(self, workbench: Workbench, case: FlavorCase) -> None:
        """Each load gives a model of its own, which its owner may change.

        If this fails: do not cache loaded models; the server and the caller keep what they loaded.
        """
        import modelpack

        _report(workbench, case)
        first, second = (
            modelpack.load_model(workbench.saved(case), trust=True, plugins=workbench.manager) for _ in range(2)
        )
        assert first is not second, "two loads gave one object"

    def test_executes_code_is_true(self, workbench: Workbench, case: FlavorCase) -> None:
        """What `executes_code` answers is what happens when the model is loaded.

        Without a reason nothing is unpickled or run from the model, and anyone may load it; with one, somebody who does
        not trust the model is refused.

        If this fails: answer a reason for every conf whose files are pickles, code or anything else that runs, or load
        them another way. `FlavorCase.executes_code` says what you expect of each case.
        """
        needed(lambda: workbench.saved(case), "test_saves_a_valid_model")
        reason = workbench.flavor.executes_code(workbench.conf(case))
        assert bool(reason) == case.executes_code, f"executes_code answers {reason!r}"
        report = _report(workbench, case)
        assert report.stranger == ("TrustError" if reason else "nothing"), "what a load without trust raises"
        assert not report.ran, f"a load without trust has {'; '.join(report.ran[:3])}"

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


def _report(workbench: Workbench, case: FlavorCase) -> Report:
    """What loading in a fresh interpreter gave, or a skip."""
    needed(lambda: workbench.saved(case), "test_saves_a_valid_model")
    report: Report = needed(lambda: workbench.fresh_reports(case), FRESH)[0]
    if report.error is not None:
        pytest.skip(f"not reached: {FRESH} tells why")
    return report

"""Checks of models that are not what they were: damaged, or made to reach for what is not theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelpack.testing.compare import difference
from modelpack.testing.copies import CUT_OFF, MISSING, MOVED
from modelpack.testing.skips import applicable, needed
from modelpack.testing.suite import Suite

if TYPE_CHECKING:
    from typing import Any

    from modelpack.testing.cases import FlavorCase
    from modelpack.testing.copies import Damage
    from modelpack.testing.workbench import Workbench


class DamageChecks(Suite):
    """What loading a damaged model gives. Its manifest is removed, since models of MLflow have none."""

    def test_cut_off_files_are_noticed(self, workbench: Workbench, case: FlavorCase) -> None:
        """A file that is cut off leads to a `ModelpackError`, not to a crash or to another model.

        If this fails: let the library's exceptions pass (core puts them in words), and check what it does not check.
        """
        for damage, outcome, told in self._outcomes(workbench, case, CUT_OFF):
            self._check_refusal(workbench, case, damage, outcome, told)

    def test_missing_files_are_named(self, workbench: Workbench, case: FlavorCase) -> None:
        """A file that is missing leads to a `ModelpackError` that names it, or the folder that it is missing from.

        If this fails: find files by `context.file(…)`, whose error names them, and let the library's exceptions pass.
        """
        for damage, outcome, told in self._outcomes(workbench, case, MISSING):
            self._check_refusal(workbench, case, damage, outcome, told)
            parts = damage.file.split("/")
            assert outcome == "loaded" or any(part in told for part in parts), f"{damage}, the error is: {told}"

    def test_paths_that_leave_the_model_are_refused(self, workbench: Workbench, case: FlavorCase) -> None:
        """A conf cannot make a load read files outside the model directory.

        If this fails: take every path of the conf through `context.file(…)`, which refuses absolute paths, `..` and
        links that lead out.
        """
        outcomes = self._outcomes(workbench, case, *MOVED)
        applicable(bool(outcomes), "the conf names no file")
        for damage, outcome, told in outcomes:
            assert outcome == "refused", f"{damage}: {outcome}: {told}"

    def _outcomes(self, workbench: Workbench, case: FlavorCase, *kinds: str) -> list[tuple[Damage, str, Any]]:
        needed(lambda: workbench.saved(case), "test_saves_a_valid_model")
        needed(lambda: workbench.fresh_reports(case), "test_loads_in_a_fresh_interpreter")
        report = workbench.damage_report(case).items()
        return [(damage, outcome, told) for damage, (outcome, told) in report if damage.kind in kinds]

    def _check_refusal(self, workbench: Workbench, case: FlavorCase, damage: Damage, outcome: str, told: Any) -> None:
        """It was refused; or loaded, and predicts the same."""
        assert outcome in {"refused", "loaded"}, f"{damage}: {outcome} {told}"
        if outcome == "loaded" and self.deterministic:
            differs = difference(told, workbench.expected(case), case.tolerance)
            assert differs is None, f"{damage}: the model was loaded, and predicts otherwise: {differs}"

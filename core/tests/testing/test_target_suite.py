"""A harness that does not say what it has to is told so."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from modelpack.testing import TargetTests

SUITES = """
from modelpack.testing import TargetTests

class TestNothing(TargetTests):
    pass

class TestNoPlace(TargetTests):
    target = "shelf"
    distribution = "modelpack-deploy-shelf"
"""


@pytest.mark.slow
def test_missing_facts_are_named(tmp_path: Path) -> None:
    """The report says which class leaves out what, not that some attribute is missing."""
    (tmp_path / "test_suites.py").write_text(SUITES, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "harness_sees", "test_suites.py"]
    report = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False).stdout
    assert "NotImplementedError: TestNothing does not say `target`: the target that is tested" in report
    assert "NotImplementedError: TestNoPlace does not say `options`: the options with which these tests" in report


@pytest.mark.parametrize("fact", ["footprint", "foreign"])
def test_missing_look_is_named(fact: str) -> None:
    """What the harness has to see and to put there has no default."""
    with pytest.raises(NotImplementedError, match=f"TargetTests does not say `{fact}`"):
        getattr(TargetTests(), fact)({})

"""The conformance kit passes a sound flavor, and fails each broken one in exactly the check that names its fault."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from faults import FAULTS, Fault

Outcomes = dict[str, dict[str, list[str]]]
SOUND = Path(__file__).parent / "sound"

REPORT = """
import json, pathlib
OUTCOMES = {}
def pytest_runtest_logreport(report):
    if report.when == "call" or report.outcome != "passed":
        _, suite, test = report.nodeid.split("::")
        reason = report.longreprtext if report.failed else str(report.longrepr and report.longrepr[2])
        OUTCOMES.setdefault(suite, {})[test] = [report.outcome, reason]
def pytest_sessionfinish():
    pathlib.Path("outcomes.json").write_text(json.dumps(OUTCOMES))
"""

HEAD = """
from pathlib import Path
from modelpack.testing import FlavorCase, FlavorTests, RecordedModel

def array():
    import numpy as np
    return np.array([[1.0, 4.0], [2.5, 0.125], [-3.25, 2.0], [0.0, 1.0]])

def frame():
    import pandas as pd
    data = pd.DataFrame(array(), columns=["x", "y"])
    data.attrs["unit"] = "m"
    return data
"""

SUITE = """
def build_{name}():
    import lib_{name}
    return lib_{name}.SoundModel({{"x": 2.0, "y": 0.5}}, 1.25)

class Test_{name}(FlavorTests):
    flavor = "{name}"
    library = "lib_{name}"
    distribution = "lib_{name}"
    supports_params = True
    recorded_models = {recorded}
    cases = tuple(
        FlavorCase(
            name=inputs.__name__,
            build=build_{name},
            inputs=inputs,
            params={{"scale": 1.0}},
            other_params={{"scale": 3.0}},
        )
        for inputs in ({inputs},)
    )
{suite}
"""

RECORDED = """(
        RecordedModel(name="old", path=Path("old-{name}"), inputs=array(), expected=[6.25, 7.3125, -3.25, 2.75]),
    )"""

OLD_MODEL = """
flavors:
  {name}: {{version: 1.2.3}}
  python_function: {{loader_module: mlflow.{name}, python_version: {python}}}
time_created: '2018-05-25T17:28:53.35'
"""


def install(site: Path, fault: Fault) -> None:
    """Install a flavor with a fault and a library of its own, as a distribution each."""
    name, flavor = fault.name, broken(fault)
    (site / f"{name}.py").write_text(flavor.replace("soundlib", f"lib_{name}").replace("sound", name), encoding="utf-8")
    library = (SOUND / "soundlib.py").read_text(encoding="utf-8")
    (site / f"lib_{name}.py").write_text(library, encoding="utf-8")
    claim = f"[modelpack.model_modules]\nlib_{name} = {name}:flavor\n" if fault.claims else ""
    points = f"[modelpack.flavors]\n{name} = {name}:flavor\n{claim}"
    plugin, described = f"modelpack_flavor_{name}", fault.metadata
    for distribution, entry_points, told in ((plugin, points, described), (f"lib_{name}", "", "")):
        information = site / f"{distribution}-1.2.3.dist-info"
        information.mkdir()
        (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.2.3\n{told}")
        (information / "entry_points.txt").write_text(entry_points)


def old_model(path: Path, name: str) -> None:
    """Write a model as an old release would have written it."""
    path.mkdir()
    python = f"{sys.version_info.major}.{sys.version_info.minor}.0"
    (path / "MLmodel").write_text(OLD_MODEL.format(name=name, python=python))
    (path / "model.json").write_text('{"weights": {"x": 2.0, "y": 0.5}, "bias": 2.25}')


def broken(fault: Fault) -> str:
    """The text of the sound flavor with a fault put in."""
    text = (SOUND / "sound_flavor.py").read_text(encoding="utf-8")
    for right, wrong in fault.flavor.items():
        assert right in text, f"{fault.name} replaces what is not there: {right}"
        text = text.replace(right, wrong)
    return text


def suite(fault: Fault) -> str:
    """The test class of a flavor."""
    recorded = RECORDED.format(name=fault.name) if fault.recorded else "()"
    return SUITE.format(name=fault.name, inputs=fault.inputs, recorded=recorded, suite=fault.suite)


def started(folder: Path, faults: Sequence[Fault]) -> subprocess.Popen[str]:
    """Start pytest on the suites of some flavors, in a folder with everything that they need."""
    site = folder / "site"
    site.mkdir(parents=True)
    for fault in faults:
        install(site, fault)
        old_model(folder / f"old-{fault.name}", fault.name)
    (folder / "test_suites.py").write_text("\n".join([HEAD, *map(suite, faults)]), encoding="utf-8")
    (folder / "conftest.py").write_text(REPORT, encoding="utf-8")
    (folder / "pytest.ini").write_text(f"[pytest]\npythonpath = {site}\nfilterwarnings = error\n", encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--basetemp", "work", "test_suites.py"]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Outcomes:
    """For each flavor the outcome and reason of every check, from two runs of pytest side by side."""
    flavors = [Fault(name="sound", noticed_by="", inputs="array, frame", recorded=True), *FAULTS]
    found: Outcomes = {}
    runs = [(folder := tmp_path_factory.mktemp("kit") / "run", started(folder, flavors[part::2])) for part in (0, 1)]
    for folder, process in runs:
        output, _ = process.communicate()
        assert (folder / "outcomes.json").exists(), output
        found.update(json.loads((folder / "outcomes.json").read_text()))
    return found


def failures(outcome: dict[str, Any]) -> dict[str, str]:
    """The checks that failed, with what they said."""
    return {_check(test): reason for test, (result, reason) in outcome.items() if result == "failed"}


def _check(test: str) -> str:
    return test.partition("[")[0]


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_sound_flavor_passes_every_check(outcomes: Outcomes) -> None:
    """Nothing fails, and every check has something to ask of a flavor that declares everything."""
    outcome = outcomes["Test_sound"]
    passed = {_check(test) for test, (result, _) in outcome.items() if result == "passed"}
    assert failures(outcome) == {}
    assert {_check(test): told for test, (_, told) in outcome.items() if _check(test) not in passed} == {}
    assert len(passed) >= 40


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_broken_flavor_fails_the_check_that_names_its_fault(outcomes: Outcomes, fault: Fault) -> None:
    """One check fails, and it is the one that tells the author what to mend."""
    found = failures(outcomes[f"Test_{fault.name}"])
    assert list(found) == [fault.noticed_by], "\n\n".join(found.values())


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_every_check_notices_something(outcomes: Outcomes) -> None:
    """No check of the kit is without a flavor that it fails, but the one that only core could break."""
    checks = set(map(_check, outcomes["Test_sound"]))
    assert checks - {fault.noticed_by for fault in FAULTS} == {"test_second_save_is_refused"}

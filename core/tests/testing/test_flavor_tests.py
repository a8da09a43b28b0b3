"""The conformance kit passes a sound flavor, and fails each broken one in exactly the check that names its fault."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import kit_runs
from faults import FAULTS, Fault
from kit_runs import Outcomes, check, failures, outcomes_of

SOUND = Path(__file__).parent / "sound"

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
    name = fault.name
    flavor = kit_runs.replaced((SOUND / "sound_flavor.py").read_text(encoding="utf-8"), fault.flavor, name)
    (site / f"{name}.py").write_text(flavor.replace("soundlib", f"lib_{name}").replace("sound", name), encoding="utf-8")
    library = (SOUND / "soundlib.py").read_text(encoding="utf-8")
    (site / f"lib_{name}.py").write_text(library, encoding="utf-8")
    claim = f"[modelpack.model_modules]\nlib_{name} = {name}:flavor\n" if fault.claims else ""
    points = f"[modelpack.flavors]\n{name} = {name}:flavor\n{claim}"
    kit_runs.install(site, f"modelpack_flavor_{name}", points, fault.metadata)
    kit_runs.install(site, f"lib_{name}", "")


def old_model(path: Path, name: str) -> None:
    """Write a model as an old release would have written it."""
    path.mkdir()
    python = f"{sys.version_info.major}.{sys.version_info.minor}.0"
    (path / "MLmodel").write_text(OLD_MODEL.format(name=name, python=python))
    (path / "model.json").write_text('{"weights": {"x": 2.0, "y": 0.5}, "bias": 2.25}')


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
    return kit_runs.started(folder, site, [HEAD, *map(suite, faults)])


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Outcomes:
    """For each flavor the outcome and reason of every check, from two runs of pytest side by side."""
    flavors = [Fault(name="sound", noticed_by="", inputs="array, frame", recorded=True), *FAULTS]
    folders = [tmp_path_factory.mktemp("kit") / "run" for _ in range(2)]
    return outcomes_of([(folder, started(folder, flavors[part::2])) for part, folder in enumerate(folders)])


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_sound_flavor_passes_everycheck(outcomes: Outcomes) -> None:
    """Nothing fails, and every check has something to ask of a flavor that declares everything."""
    outcome = outcomes["Test_sound"]
    passed = {check(test) for test, (result, _) in outcome.items() if result == "passed"}
    assert failures(outcome) == {}
    assert {check(test): told for test, (_, told) in outcome.items() if check(test) not in passed} == {}
    assert len(passed) >= 40


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_broken_flavor_fails_the_check_that_names_its_fault(outcomes: Outcomes, fault: Fault) -> None:
    """One check fails, and it is the one that tells the author what to mend."""
    found = failures(outcomes[f"Test_{fault.name}"])
    assert set(found) - fault.noticed_at_times_by == {fault.noticed_by}, "\n\n".join(found.values())


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_every_check_notices_something(outcomes: Outcomes) -> None:
    """No check of the kit is without a flavor that it fails, but the one that only core could break."""
    checks = set(map(check, outcomes["Test_sound"]))
    assert checks - {fault.noticed_by for fault in FAULTS} == {"test_second_save_is_refused"}

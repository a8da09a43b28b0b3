"""The conformance kit passes a sound target, and fails each broken one in exactly the check that names its fault."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import kit_runs
from kit_runs import Outcomes, failures, outcomes_of
from target_faults import EARLY, FAULTS, Fault

pytest.importorskip("fcntl", reason="the host that the targets deploy to locks files as POSIX does")

SOUND = Path(__file__).parent / "sound"

HEAD = """
from contextlib import contextmanager
from pathlib import Path

from modelpack.testing import TargetTests
from soundhost import Host

class Harness(TargetTests):
    has_logs = True
    divides_traffic = True
    exports = True
    runs_batch_jobs = True
    refused_names = ("a.b",)
    secret_options = {"password": "correct horse"}
    seconds = 0.0

    def options(self, scratch):
        Host.made(scratch / "host", self.seconds)
        return {"place": scratch / "host"}

    def footprint(self, options):
        return Host(options["place"]).names()

    @contextmanager
    def foreign(self, options):
        host = Host(options["place"])
        host.put_endpoint("theirs", {"model": "theirs", "tags": {"made-by": "hand"}})
        yield "theirs"
        if host.endpoint("theirs"):
            host.delete_endpoint("theirs")

    def changed_options(self, options):
        return {**options, "note": "another", "copies": 2}

    def observed(self, options, name):
        serving = Host(options["place"]).endpoint(name)["serving"]
        return {"note": serving["note"], "copies": serving["copies"]}

    def changes(self, options):
        return Host(options["place"]).changes()

    def batch_data(self, options, rows):
        source, destination = options["place"] / "rows.csv", options["place"] / "predictions.csv"
        source.write_bytes(rows)
        return str(source), str(destination)

    def predictions(self, options, output):
        return Path(output).read_bytes()

    def add_variant(self, options, name):
        Host(options["place"]).divide(name, {"main": 100.0, "other": 0.0})
        return {"main": 75.0, "other": 25.0}
"""

SUITE = """
class Test_{name}(Harness):
    target = "{name}"
    distribution = "modelpack-deploy-{name}"
    library = "soundhost"
    runs_locally = {processes}
    has_other_processes = {processes}
{suite}
"""


def install(site: Path, fault: Fault) -> None:
    """Install a target with a fault."""
    name = fault.name
    text = kit_runs.replaced((SOUND / "sound_target.py").read_text(encoding="utf-8"), fault.target, name)
    if not fault.processes:
        start, end = text.index("    def run_local"), text.index("def host(options")
        text = text[:start] + text[end:]
    text = text.replace("soundhost", "HOST").replace("sound", name).replace("HOST", "soundhost")
    (site / f"{name}.py").write_text(text, encoding="utf-8")
    points = f"[modelpack.targets]\n{name} = {name}:target\n"
    kit_runs.install(site, f"modelpack-deploy-{name}", points, fault.metadata)


def suite(fault: Fault) -> str:
    """The test class of a target."""
    return SUITE.format(name=fault.name, processes=fault.processes, suite=fault.suite)


def started(folder: Path, faults: Sequence[Fault]) -> subprocess.Popen[str]:
    """Start pytest on the suites of some targets, in a folder with everything that they need."""
    site = folder / "site"
    site.mkdir(parents=True)
    (site / "soundhost.py").write_text((SOUND / "soundhost.py").read_text(encoding="utf-8"), encoding="utf-8")
    for fault in faults:
        install(site, fault)
    return kit_runs.started(folder, site, [HEAD, *map(suite, faults)])


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Outcomes:
    """For each target the outcome and reason of every check, from two runs of pytest side by side."""
    sound = Fault(name="sound", noticed_by="", processes=True)
    slow = Fault(name="slow", noticed_by="", suite="    seconds = 0.3\n")
    targets = [sound, slow, EARLY, *FAULTS]
    folders = [tmp_path_factory.mktemp("kit") / "run" for _ in range(2)]
    return outcomes_of([(folder, started(folder, targets[part::2])) for part, folder in enumerate(folders)])


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_sound_target_passes_every_check(outcomes: Outcomes) -> None:
    """Nothing fails, and every check has something to ask of a target that declares everything."""
    outcome = outcomes["Test_sound"]
    assert failures(outcome) == {}
    assert {test: told for test, (result, told) in outcome.items() if result != "passed"} == {}
    assert len(outcome) >= 50


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", ["slow", "early"])
def test_platform_may_take_its_time(outcomes: Outcomes, name: str) -> None:
    """Where the platform brings up a model later, the target may wait for it, or return early and let core wait."""
    assert failures(outcomes[f"Test_{name}"]) == {}


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_broken_target_fails_the_check_that_names_its_fault(outcomes: Outcomes, fault: Fault) -> None:
    """One check fails, and it is the one that tells the author what to mend."""
    found = failures(outcomes[f"Test_{fault.name}"])
    assert set(found) - fault.noticed_at_times_by == {fault.noticed_by}, "\n\n".join(found.values())


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_every_check_notices_something(outcomes: Outcomes) -> None:
    """No check of the kit is without a target that it fails."""
    assert set(outcomes["Test_sound"]) - {fault.noticed_by for fault in FAULTS} == set()

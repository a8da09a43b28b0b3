from __future__ import annotations

from pathlib import Path

from modelpack.pyfunc.source import ModelSource
from modelpack.serving.processes.configuration import WorkerConfiguration, read_configuration
from modelpack.serving.settings import ServerSettings


def test_a_worker_is_told_everything() -> None:
    """What is read is what was written, paths and lists included."""
    written = WorkerConfiguration(
        settings=ServerSettings(
            socket=Path("a b.sock"), api_key_file=Path("/keys"), timeout=0.5, protocol="mlflow-0.9", model_name="ü"
        ),
        source=ModelSource(uri="runs:/1/model", flavor="toy", trust=["sha256:0", "/models"], policy="strict"),
        search_path=["/one", "/two"],
        listener=3,
        reports=4,
        lifeline=5,
    )
    assert read_configuration(written.text()) == written


def test_what_was_not_given_stays_so() -> None:
    """None is not turned into text."""
    written = WorkerConfiguration(
        settings=ServerSettings(), source=ModelSource(uri="m"), search_path=[], listener=3, reports=4, lifeline=5
    )
    assert read_configuration(written.text()) == written

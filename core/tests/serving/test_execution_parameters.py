"""What SageMaker's batch transform is told."""

from __future__ import annotations

import pytest

from modelpack.serving.execution_parameters import execution_parameters
from modelpack.serving.settings import ServerSettings


@pytest.mark.parametrize(
    ("settings", "concurrent", "mebibytes"),
    [
        (ServerSettings(workers=2, threads=4, max_body=6 << 20), 8, 6),
        (ServerSettings(workers=2, threads=4, max_body=1 << 40), 8, 12),
        (ServerSettings(workers=1, threads=0, max_body=1000), 1, 1),
        (ServerSettings(workers=16, threads=16), 100, 1),
    ],
    ids=["as large as taken", "within the sum", "small", "many"],
)
def test_job_may_send_what_is_worked_on_at_a_time(settings: ServerSettings, concurrent: int, mebibytes: int) -> None:
    """No more requests than are scored at a time, and no more than SageMaker allows together."""
    found = execution_parameters(settings)
    assert found == {
        "MaxConcurrentTransforms": concurrent,
        "BatchStrategy": "MULTI_RECORD",
        "MaxPayloadInMB": mebibytes,
    }
    assert found["MaxConcurrentTransforms"] * found["MaxPayloadInMB"] <= 100

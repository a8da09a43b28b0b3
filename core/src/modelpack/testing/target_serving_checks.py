"""What checks ask of a deployment that is to serve one of the kit's models."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelpack.testing.target_bench import Bench


def assert_serves(bench: Bench, name: str, *kinds: str) -> None:
    """The deployment is ready, and one of these models answers: the one whose digest it has."""
    found = bench.get(name)
    assert found.state == "ready", f"{name} is {found.state}: {found.reason}"
    digests = {bench.model(kind).digest: kind for kind in kinds}
    assert found.digest in digests, f"{name} has another digest than the model that was deployed"
    expected = bench.model(digests[found.digest]).answers
    if _answers_are_right(bench):
        assert bench.answers(name) == expected, f"{name} has the digest of one model, and another answers"


def _answers_are_right(bench: Bench) -> bool:
    """Whether the target passes the check that asks for its answers; another check need not tell that again."""
    if not bench.suite.invokes:
        return False
    try:
        answers: Sequence[float] = bench.answers(bench.standing().name)
    except Exception:  # noqa: BLE001 - told by that check
        return False
    return answers == bench.model("first").answers

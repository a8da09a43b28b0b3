"""What checks ask of a deployment that is to serve one of the kit's models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelpack.testing.target_suite import ANSWER, REPLAN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelpack.testing.target_bench import Bench


def assert_serves(bench: Bench, name: str, *kinds: str) -> None:
    """The deployment is ready, and one of these models answers: the one whose digest it has."""
    found = bench.get(name)
    assert found.state == "ready", f"{name} is {found.state}: {found.reason}"
    digests = {bench.model(kind).digest: kind for kind in kinds}
    assert found.digest in digests, f"{name} has another digest than the model that was deployed"
    expected = bench.model(digests[found.digest]).answers
    if bench.suite.invokes and _passes(bench, ANSWER):
        assert bench.answers(name) == expected, f"{name} has the digest of one model, and another answers"


def assert_answers(bench: Bench, name: str, *kinds: str) -> None:
    """One of these models serves, whether a change of the deployment goes on or not."""
    found = bench.get(name)
    assert found.state in {"ready", "updating"}, f"{name} is {found.state}: {found.reason}"
    if bench.suite.invokes and _passes(bench, ANSWER):
        assert bench.answers(name) in [bench.model(kind).answers for kind in kinds]


def assert_nothing_left_to_do(bench: Bench, name: str, model: str, options: Mapping[str, Any] | None = None) -> None:
    """Deploying the same once more would change nothing."""
    if _passes(bench, REPLAN):
        plan = bench.plan(name, model, options)
        assert not plan.steps, f"there are steps left: {plan.steps}"


def _passes(bench: Bench, check: str) -> bool:
    """Whether the target passes a shared check; what it tells, others need not tell again."""
    try:
        getattr(bench.suite, check)(bench)
    except Exception:  # noqa: BLE001 - whatever that check says
        return False
    return True

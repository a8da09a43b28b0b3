"""What `dev.py test` prints of programs that run side by side, and that it comes to an end."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

import lanes
from lanes import Lane, run

from modelpack.testing.waiting import is_running, wait_until


def lane(name: str, code: str, *, patience: float = lanes.PATIENCE) -> Lane:
    """A lane that runs Python's code."""
    return Lane(name, [sys.executable, "-u", "-c", code], patience=patience)


def test_lines_carry_their_lane_s_name(capfd: pytest.CaptureFixture[str]) -> None:
    """And the last lines tell how each lane ended; one that failed is enough to fail."""
    code = run([lane("one", "print('a')"), lane("two", "print('b', end=''); raise SystemExit(3)")])
    *said, first, second = capfd.readouterr().out.splitlines()
    assert code == 3
    assert sorted(said) == ["one     | a", "two     | b"]
    assert (first, second) == ("dev.py: one passed", "dev.py: two failed")


def test_what_failed_is_told_once_more_at_the_end(capfd: pytest.CaptureFixture[str]) -> None:
    """Where whoever reads the log looks first: how the session ended, and no other one."""
    failed, passed = "nox > Session slow failed.", "nox > Session docs was successful."
    run([lane("one", f"print('why\\n{failed}\\nmore\\n{passed}'); raise SystemExit(1)")])
    said = capfd.readouterr().out.splitlines()
    assert said == [f"one     | {line}" for line in ["why", failed, "more", passed, "why", failed]] + [
        "dev.py: one failed"
    ]


def test_a_lane_that_stands_still_is_ended(capfd: pytest.CaptureFixture[str]) -> None:
    """With a word on what ran, and the others run on."""
    code = run(
        [
            lane("still", "print('begun'); import time; time.sleep(600)", patience=5.0),
            lane("lively", "import time\nfor _ in range(28): print('.', end=''); time.sleep(0.25)", patience=5.0),
        ]
    )
    said = capfd.readouterr().out
    assert code
    assert "still   | lanes > nothing was heard for 5 seconds" in said
    assert "time.sleep(600)" in said
    assert f"lively  | {'.' * 28}\n" in said
    assert said.endswith("dev.py: still failed\ndev.py: lively passed\n")


@pytest.mark.parametrize("session", [False, True], ids=["same-session", "own-session"])
def test_what_a_lane_leaves_running_does_not_hold_it_up(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *, session: bool
) -> None:
    """A process that a test forgot still has the lane's pipe; it is ended where it can be found."""
    monkeypatch.setattr(lanes, "_LAST_SECONDS", 1.0)
    inner = f"subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'], start_new_session={session})"
    begun = time.monotonic()
    assert run([lane("one", f"import subprocess, sys; print({inner}.pid)")]) == 0
    assert time.monotonic() - begun < 30
    pid = int(capfd.readouterr().out.splitlines()[0].removeprefix("one     | "))
    if session:
        assert is_running(pid)
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not is_running(pid))

"""The target `local`, with real servers."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

import modelpack
from modelpack.deployments.local import locks
from modelpack.errors import DeployError
from modelpack.testing.constant_load import asked_all_the_time
from modelpack.testing.dialect_checks import assert_answers_as_the_scoring_server
from modelpack.testing.waiting import is_running, wait_until

from .conftest import ask, deploy, get

if TYPE_CHECKING:
    from collections.abc import Callable

    from modelpack.deployments.local.places import Place

ADDED = "2000.015625"  # no number of a request or a time
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def test_an_update_drops_no_request(save: Callable[..., Path], place: Place) -> None:
    """Clients that never pause, with kept connections and with fresh ones, get an answer to each request."""
    first = deploy(save(1.0))
    assert first.endpoint is not None
    with asked_all_the_time(first.endpoint) as counts:
        time.sleep(0.5)
        second = deploy(save(5.0))
        time.sleep(0.5)
    assert second.endpoint == first.endpoint
    assert set(counts) == {"2.0", "6.0"}
    assert min(counts.values()) > 10
    assert [copy.name for copy in (place.directory / "models").iterdir()] == [place.wish().id]  # type: ignore[union-attr]  # it is there


def test_every_dialect_is_answered_as_by_the_scoring_server(save: Callable[..., Path]) -> None:
    """Byte for byte, as at every other target."""
    deploy(model := save(1.0))
    assert_answers_as_the_scoring_server(model, "plus", target="local")


def test_requests_at_hand_are_finished_by_the_old_server(save: Callable[..., Path]) -> None:
    """A request that a slow model works on when another takes over is answered by the slow one."""
    deploy(save(1.0), env={"PAUSE": "6"})
    answers: list[float] = []
    asking = threading.Thread(target=lambda: answers.append(ask()))
    asking.start()
    time.sleep(1)
    deploy(save(5.0))
    assert ask() == 6.0
    asking.join()
    assert answers == [2.0]


def test_a_server_that_dies_is_replaced(save: Callable[..., Path]) -> None:
    """The keeper starts the server again, at the same endpoint."""
    first = deploy(save(1.0))
    os.kill(first.details["server"], signal.SIGKILL)
    wait_until(lambda: get().state == "failed")
    assert "SIGKILL" in (get().reason or "")
    wait_until(lambda: get().state == "ready")
    assert get().endpoint == first.endpoint
    assert get().details["server"] != first.details["server"]
    assert ask() == 2.0


def test_a_killed_keeper_is_told_and_healed(save: Callable[..., Path], place: Place) -> None:
    """What is only remembered is not taken for alive; deploying again ends the orphaned server and keeps the port."""
    first = deploy(save(1.0))
    os.kill(first.details["keeper"], signal.SIGKILL)
    wait_until(lambda: get().state == "failed")
    assert "restarted" in (get().reason or "")
    (orphan,) = place.server_locks()
    assert locks.holder(orphan) == first.details["server"]
    again = deploy(save(1.0))
    assert (again.state, again.endpoint) == ("ready", first.endpoint)
    wait_until(lambda: not is_running(first.details["server"]))
    assert ask() == 2.0


def test_a_number_that_another_process_has_now_is_not_the_keeper(save: Callable[..., Path], place: Place) -> None:
    """After a restart of the machine the keeper's number may be anybody's; that process is left alone."""
    first = deploy(save(1.0))
    os.kill(first.details["keeper"], signal.SIGKILL)
    wait_until(lambda: get().state == "failed")
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        place.keeper_lock.write_text(str(other.pid))
        assert get().state == "failed"
        modelpack.deployments.delete("plus", target="local")
        assert other.poll() is None
        other.kill()
    assert get().state == "absent"


@pytest.mark.parametrize("failure", ["model", "port", "time"])
def test_a_failed_update_changes_nothing(save: Callable[..., Path], place: Place, failure: str) -> None:
    """The old server serves on, the reason is told, and nothing of the new one is left."""
    first = deploy(save(1.0))
    before = sorted(path.name for path in place.directory.rglob("*") if path.suffix != ".lock")
    assert first.endpoint is not None
    with socket.create_server(("127.0.0.1", 0)) as taken, asked_all_the_time(first.endpoint) as counts:
        port = taken.getsockname()[1]
        arguments, options, reason = {
            "model": ({"fails": "no luck"}, {}, "no luck"),
            "port": ({}, {"port": port}, f"port {port}"),
            "time": ({}, {"start_timeout": 0.01}, "0.01 s"),
        }[failure]
        with pytest.raises(DeployError, match=reason) as raised:
            deploy(save(5.0, **arguments), **options)
    assert raised.value.code == "rolled_back"
    assert set(counts) == {"2.0"}
    now = get()
    assert (now.state, now.revision, now.endpoint) == ("ready", first.revision, first.endpoint)
    assert reason in (now.reason or "")
    assert sorted(path.name for path in place.directory.rglob("*") if path.suffix != ".lock") == before
    assert len(place.server_locks()) == 1


def test_a_failed_first_deployment_leaves_nothing(save: Callable[..., Path], place: Place) -> None:
    """No process and no file; the error says what the server said."""
    with pytest.raises(DeployError, match="no luck") as raised:
        deploy(save(1.0, fails="no luck"))
    assert raised.value.code == "failed"
    assert get().state == "absent"
    assert not place.directory.exists()
    deploy(save(1.0))
    assert ask() == 2.0


def test_the_port_can_be_changed(save: Callable[..., Path]) -> None:
    """The deployment moves to the new port, and lets go of the old one."""
    first = deploy(save(1.0))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    second = deploy(save(1.0), port=port)
    assert second.endpoint == f"http://127.0.0.1:{port}"
    assert ask() == 2.0
    old = int((first.endpoint or "").rpartition(":")[2])
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", old)) != 0


def test_two_do_not_change_one_deployment(save: Callable[..., Path], place: Place) -> None:
    """While one applies, another is told so."""
    with place.changing() as mine:
        assert mine
        with pytest.raises(DeployError, match="plus") as raised:
            deploy(save(1.0))
    assert raised.value.code == "conflict"


def test_an_interrupted_apply_goes_on(save: Callable[..., Path], place: Place) -> None:
    """Whoever stops waiting does not stop the keeper; the same command again waits for the same server."""
    program = "import sys, modelpack; modelpack.deploy(sys.argv[1], target='local', name='plus')"
    with subprocess.Popen([sys.executable, "-c", program, str(save(1.0))]) as applying:
        wait_until(lambda: place.status() is not None)
        applying.send_signal(signal.SIGKILL)
    wish = place.wish()
    assert get().state in {"pending", "ready"}
    deploy(save(1.0))
    assert place.wish() == wish
    assert ask() == 2.0


def test_an_apply_that_is_stopped_at_its_first_step_leaves_nothing(save: Callable[..., Path], place: Place) -> None:
    """Neither a copy of the model nor a directory."""
    with pytest.raises(KeyboardInterrupt):
        modelpack.deploy(save(1.0), target="local", name="plus", progress=stop_at("copied"))
    assert get().state == "absent"
    assert not place.directory.exists()


def test_another_secret_is_an_update_that_shows_none(save: Callable[..., Path], place: Place) -> None:
    """A variable's value is no part of plans, records that are shown, or the log; a new one is put into effect."""
    deploy(save(1.0), env={"ADDED": "100"})
    assert ask() == 102.0
    plan = modelpack.deployments.plan(save(1.0), target="local", name="plus", options={"env": {"ADDED": ADDED}})
    assert plan.steps
    assert ADDED not in repr(plan)
    deploy(save(1.0), env={"ADDED": ADDED})
    assert ask() == 2.0 + float(ADDED)
    assert ADDED not in repr(get()) + place.log_file.read_text()
    assert place.wish_file.stat().st_mode & 0o077 == 0
    assert not modelpack.deployments.plan(
        save(1.0), target="local", name="plus", options={"env": {"ADDED": ADDED}}
    ).steps


def test_a_deployment_for_other_machines_listens_once(save: Callable[..., Path], place: Place) -> None:
    """Its server behind the public port has no port of its own."""
    deployment = deploy(save(1.0), host="0.0.0.0")  # noqa: S104 - that is what is tested
    assert (deployment.endpoint or "").startswith("http://127.0.0.1:")
    assert ask() == 2.0
    assert len(list(place.directory.glob("*.sock"))) == 1


def test_the_log_is_followed(save: Callable[..., Path]) -> None:
    """The last lines come first, then each line as it is written."""
    deploy(save(1.0))
    followed = modelpack.deployments.logs("plus", target="local", lines=2, follow=True)
    next(followed)
    next(followed)
    ask()
    assert "/invocations 200" in next(line for line in followed if "POST" in line)


def test_deleting_leaves_nothing(save: Callable[..., Path], modelpack_home: Path) -> None:
    """No process, no file; a second time there is nothing to do."""
    deployment = deploy(save(1.0))
    modelpack.deployments.delete("plus", target="local")
    assert get().state == "absent"
    wait_until(lambda: not is_running(deployment.details["keeper"]))
    wait_until(lambda: not is_running(deployment.details["server"]))
    assert {path.name for path in modelpack_home.iterdir()} == {"trust"}
    modelpack.deployments.delete("plus", target="local")


def test_what_the_server_refuses_is_told(save: Callable[..., Path]) -> None:
    """The error holds the server's words."""
    deploy(save(1.0))
    with pytest.raises(DeployError, match="column") as raised:
        modelpack.deployments.invoke("plus", b'{"inputs": {"y": [1]}}', content_type="application/json", target="local")
    assert raised.value.code == "invocation_failed"


def test_a_deployment_asks_for_keys(save: Callable[..., Path], tmp_path: Path) -> None:
    """Others are refused; `invoke` has the key."""
    (tmp_path / "keys").write_text("an-unguessable-key\n")
    deployment = deploy(save(1.0), key_file=str(tmp_path / "keys"))
    assert ask() == 2.0
    with pytest.raises(HTTPError, match="401"):
        urlopen(f"{deployment.endpoint}/version", timeout=30)  # noqa: S310 - a loopback address


def test_what_is_not_deployed_does_not_answer() -> None:
    """Neither invocations nor logs."""
    for call in (ask, lambda: list(modelpack.deployments.logs("plus", target="local"))):
        with pytest.raises(DeployError, match="plus") as raised:
            call()
        assert raised.value.code == "not_deployed"


def test_the_server_runs_in_the_foreground(save: Callable[..., Path]) -> None:
    """`run-local` serves until it is told to stop."""
    program = "import sys, modelpack; sys.exit(modelpack.deployments.run_local(sys.argv[1], target='local', port=0))"
    with subprocess.Popen(
        [sys.executable, "-c", program, str(save(1.0))], stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stderr is not None
        while "listening on" not in (line := running.stderr.readline()):
            assert line
        running.send_signal(signal.SIGINT)
        assert running.wait(60) == 0


def stop_at(word: str) -> Callable[[str], None]:
    """Press Ctrl-C when a step is told."""

    def progress(line: str) -> None:
        if word in line:
            raise KeyboardInterrupt

    return progress

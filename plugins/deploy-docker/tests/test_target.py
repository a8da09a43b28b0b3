"""The target `docker`, on a real engine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from conftest import NAME, on_engine
from docker_engine import PROGRAM, DockerEngine

import modelpack
from modelpack.errors import DeployError
from modelpack.testing.constant_load import asked_all_the_time
from modelpack.testing.dialect_checks import assert_answers_as_the_scoring_server

if TYPE_CHECKING:
    from collections.abc import Callable

    from modelpack.deployments.records import Deployment

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

Options = dict[str, object]
EVERYWHERE = "0.0.0.0"  # noqa: S104 - it is what a test asks for


def deploy(model: Path, options: Options, **more: Any) -> Deployment:
    """Deploy a model as `plus`."""
    return modelpack.deploy(model, target="docker", name=NAME, options={**options, **more})


def get(options: Options) -> Deployment:
    """What stands as `plus`."""
    return modelpack.deployments.get(NAME, target="docker", options=options)


def ask(options: Options) -> float:
    """What the deployment `plus` predicts for 1."""
    body = json.dumps({"inputs": {"x": [1.0]}}).encode()
    answer = modelpack.deployments.invoke(NAME, body, content_type="application/json", target="docker", options=options)
    number: float = json.loads(answer.body)["predictions"][0]
    return number


def test_updating_and_scaling_drop_no_request(save: Callable[..., Path], place: Options) -> None:
    """Clients that never pause get an answer to each request, while models and numbers of containers change."""
    first = deploy(save(1.0), place, replicas=2)
    assert first.endpoint is not None
    with asked_all_the_time(first.endpoint) as counts:
        deploy(save(5.0), place, replicas=2)
        third = deploy(save(5.0), place, replicas=3)
        last = deploy(save(5.0), place, replicas=1)
        time.sleep(0.5)
    assert set(counts) == {"2.0", "6.0"}
    assert min(counts.values()) > 10
    assert last.endpoint == first.endpoint
    assert third.details["replicas"] == "3/3"
    assert last.details["containers"] == [third.details["containers"][0], third.details["containers"][1]]


def test_every_dialect_is_answered_as_by_the_scoring_server(save: Callable[..., Path], place: Options) -> None:
    """Byte for byte, as at every other target."""
    deploy(model := save(1.0), place)
    assert_answers_as_the_scoring_server(model, NAME, target="docker", options=place)


def test_requests_at_hand_are_finished(save: Callable[..., Path], place: Options) -> None:
    """A request that a slow model works on when another takes over is answered by the slow one."""
    deploy(save(1.0), place, env={"PAUSE": "8"})
    answers: list[float] = []
    asking = threading.Thread(target=lambda: answers.append(ask(place)))
    asking.start()
    time.sleep(1)
    deploy(save(5.0), place)
    asking.join()
    assert answers == [2.0]
    assert ask(place) == 6.0


def test_replicas_share_the_requests(save: Callable[..., Path], place: Options, docker_engine: DockerEngine) -> None:
    """Each container answers about as many as the other."""
    deployment = deploy(save(1.0), place, replicas=2)
    assert deployment.endpoint is not None
    with asked_all_the_time(deployment.endpoint):
        time.sleep(2)
    _, *servers = deployment.details["containers"]
    logs = [docker_engine.docker("logs", server) for server in servers]
    shares = [(log.stdout + log.stderr).count("/invocations") for log in logs]
    assert min(shares) > 0.3 * sum(shares) > 0


@pytest.mark.parametrize("failure", ["model", "memory", "port", "time"])
def test_a_failed_update_changes_nothing(
    save: Callable[..., Path], place: Options, docker_engine: DockerEngine, failure: str
) -> None:
    """The containers before serve on, the reason is told, and nothing of the new ones is left."""
    first = deploy(save(1.0), place)
    before = on_engine(docker_engine)
    assert first.endpoint is not None
    cases: dict[str, tuple[dict[str, str], Options, str]] = {
        "model": ({"fails": "no luck"}, {}, "no luck"),
        "memory": ({"fails": "memory"}, {"memory": "256m"}, "out of memory"),
        "port": ({}, {"host": EVERYWHERE, "port": int(first.endpoint.rpartition(":")[2])}, "in use|allocated"),
        "time": ({"fails": "time"}, {"start_timeout": 4}, "4 s"),
    }
    arguments, options, reason = cases[failure]
    with (
        asked_all_the_time(first.endpoint) as counts,
        pytest.raises(DeployError, match=reason) as raised,
    ):
        deploy(save(5.0, **arguments), place, **options)
    assert raised.value.code == "rolled_back"
    assert set(counts) == {"2.0"}
    now = get(place)
    assert (now.state, now.revision, now.endpoint) == ("ready", first.revision, first.endpoint)
    assert now.reason is not None
    assert on_engine(docker_engine) == before


def test_a_failed_first_deployment_leaves_nothing(
    save: Callable[..., Path], place: Options, docker_engine: DockerEngine
) -> None:
    """Neither container nor network nor image."""
    before = on_engine(docker_engine)
    with pytest.raises(DeployError, match="no luck") as raised:
        deploy(save(1.0, fails="no luck"), place)
    assert raised.value.code == "failed"
    assert on_engine(docker_engine) == before
    assert get(place).state == "absent"


def test_a_container_that_is_killed_is_told(
    save: Callable[..., Path], place: Options, docker_engine: DockerEngine
) -> None:
    """One of two that is gone is the reason of a deployment that is ready still, and deploying again heals it."""
    deployment = deploy(save(1.0), place, replicas=2, restart="no")
    victim = deployment.details["containers"][1]
    docker_engine.docker("kill", victim)
    now = get(place)
    assert now.state == "ready"
    assert f"{victim} ended with exit code 137" in (now.reason or "")
    assert [ask(place) for _ in range(4)] == [2.0] * 4
    healed = deploy(save(1.0), place, replicas=2, restart="no")
    assert (healed.reason, healed.details["replicas"]) == (None, "2/2")


def test_a_restarted_forwarder_knows_its_servers(
    save: Callable[..., Path], place: Options, docker_engine: DockerEngine
) -> None:
    """As after a restart of the engine."""
    deployment = deploy(save(1.0), place)
    docker_engine.docker("restart", *deployment.details["containers"])
    until = time.monotonic() + 60
    while True:
        try:
            assert ask(place) == 2.0
            break
        except DeployError:
            assert time.monotonic() < until
            time.sleep(0.2)


def test_limits_are_the_containers(save: Callable[..., Path], place: Options, docker_engine: DockerEngine) -> None:
    """Memory, processors, user and a read-only root, and it answers."""
    limits = {"memory": "600m", "cpus": 0.5, "read_only": True, "user": "4321:4321", "restart": "on-failure"}
    deployment = deploy(save(1.0), place, **limits)
    (config,) = json.loads(docker_engine.docker("inspect", deployment.details["containers"][1]).stdout)
    host = config["HostConfig"]
    assert (host["Memory"], host["NanoCpus"], host["ReadonlyRootfs"]) == (600 * 1_048_576, 500_000_000, True)
    assert (config["Config"]["User"], host["RestartPolicy"]["Name"]) == ("4321:4321", "on-failure")
    assert ask(place) == 2.0


def test_another_secret_is_an_update_that_shows_none(save: Callable[..., Path], place: Options) -> None:
    """A variable's value is no part of plans and records, and a new one is put into effect."""
    deploy(save(1.0), place, env={"ADDED": "100"})
    assert ask(place) == 102.0
    again = {**place, "env": {"ADDED": "2000"}}
    plan = modelpack.deployments.plan(save(1.0), target="docker", name=NAME, options=again)
    assert plan.steps
    deploy(save(1.0), again)
    assert ask(place) == 2002.0
    assert "2000" not in repr(plan) + repr(get(place))


def test_a_network_of_ones_own_is_joined(
    save: Callable[..., Path], place: Options, docker_engine: DockerEngine
) -> None:
    """Its other containers reach the deployment by name."""
    docker_engine.docker("network", "create", "mine")
    try:
        deploy(save(1.0), place)
        moved = deploy(save(1.0), place, network="mine")
        assert (moved.state, ask(place)) == ("ready", 2.0)
        question = "import urllib.request; print(urllib.request.urlopen('http://plus:8080/ping').status)"
        asked = docker_engine.docker("run", "--rm", "--network", "mine", "python:3.11-slim", "python", "-c", question)
        assert asked.stdout.strip() == "200"
        modelpack.deployments.delete(NAME, target="docker", options=place)
    finally:
        docker_engine.docker("network", "rm", "mine")


def test_the_port_can_be_changed(save: Callable[..., Path], place: Options, free_port: int) -> None:
    """The new forwarder answers where it is wished, and the old one is gone."""
    first = deploy(save(1.0), place)
    second = deploy(save(1.0), place, port=free_port)
    assert second.endpoint == f"http://127.0.0.1:{free_port}"
    assert ask(place) == 2.0
    assert second.details["containers"][1:] == first.details["containers"][1:]
    assert len(second.details["containers"]) == 2


def test_the_image_that_holds_the_model_is_used_as_it_is(
    save: Callable[..., Path], place: Options, docker_engine: DockerEngine
) -> None:
    """Nothing is laid over it."""
    model = save(1.0)
    first = deploy(model, place)
    docker_engine.docker("tag", first.details["image"], "mine:1")
    try:
        second = deploy(model, {**place, "image": "mine:1"})
        assert second.details["image"] == first.details["image"]
        assert ask(place) == 2.0
    finally:
        modelpack.deployments.delete(NAME, target="docker", options=place)
        docker_engine.docker("rmi", "-f", "mine:1")


def test_an_image_is_built(save: Callable[..., Path], place: Options, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an image of one's own, the model's is built from its requirements, and goes with the deployment."""
    monkeypatch.setenv("PATH", str(Path(PROGRAM).parent), prepend=os.pathsep)
    options = {"docker_host": place["docker_host"], "build_arguments": ["--network=host"]}
    deploy(save(1.0), options)
    assert ask(place) == 2.0


def test_logs_are_merged_and_followed(save: Callable[..., Path], place: Options) -> None:
    """Each line tells its container; lines come as they are written."""
    deployment = deploy(save(1.0), place, replicas=2)
    lines = list(modelpack.deployments.logs(NAME, target="docker", options=place))
    assert {line.partition(" | ")[0] for line in lines} == set(deployment.details["containers"])
    followed: Any = modelpack.deployments.logs(NAME, lines=0, follow=True, target="docker", options=place)
    asking = threading.Timer(3, ask, [place])
    asking.start()
    line = next(line for line in followed if "/health" not in line)
    assert "/invocations" in line, "what was there before is not what comes"
    assert line.partition(" | ")[0] in deployment.details["containers"][1:]
    asking.join()
    followed.close()


def test_the_container_runs_in_the_foreground(save: Callable[..., Path], place: Options) -> None:
    """`run-local` serves until it is told to stop, and removes what it made."""
    program = (
        "import sys, json, modelpack; sys.exit(modelpack.deployments.run_local(sys.argv[1], target='docker',"
        " options=json.loads(sys.argv[2]), port=0, progress=lambda line: print(line, flush=True)))"
    )
    command = [sys.executable, "-c", program, str(save(1.0)), json.dumps(place)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert "listening on http://127.0.0.1:" in running.stdout.readline()
        while "listening on http://0.0.0.0:8080" not in (line := running.stdout.readline()):
            assert line
        running.terminate()
        assert running.wait(60) == 0


def test_an_engine_that_is_not_there_is_told(save: Callable[..., Path], tmp_path: Path) -> None:
    """The error says where it was looked for, and what to do."""
    with pytest.raises(DeployError, match=r"nowhere\.sock") as raised:
        deploy(save(1.0), {"docker_host": f"unix://{tmp_path}/nowhere.sock"})
    assert raised.value.code == "unreachable"
    assert "DOCKER_HOST" in (raised.value.hint or "")


def test_an_image_that_is_not_there_is_told(save: Callable[..., Path], place: Options) -> None:
    """It is not pulled where that is not wished."""
    with pytest.raises(DeployError, match="nowhere:1") as raised:
        deploy(save(1.0), {**place, "image": "nowhere:1", "pull": "never"})
    assert raised.value.code == "rejected"

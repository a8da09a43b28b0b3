"""What variables tell the server of a container."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from modelpack.cli.serve import serve
from modelpack.errors import InvalidArgumentError
from modelpack.serving.container.limits import Limits
from modelpack.serving.container.sizing import Sizing
from modelpack.serving.container.start import container_settings
from modelpack.serving.container.variables import (
    OTHERS,
    OWN,
    given_policy,
    given_settings,
    unknown_variables,
)

MIB = 1 << 20
ELSEWHERE = {"option": "MODEL", "no_warm_up": "WARM_UP", "env_manager": "an image is the environment"}


def test_every_option_of_serve_has_a_variable() -> None:
    """What can be told on the command line can be told a container; an option that is new fails here."""
    options = {name.upper() for name in inspect.signature(serve).parameters if name not in ELSEWHERE}
    assert options <= {*OWN, *OTHERS}
    assert "WARM_UP" in OWN


def test_own_variables_are_read() -> None:
    """Each in the form of its option."""
    environ = {
        "MODELPACK_MAX_BODY": "5MB",
        "MODELPACK_MAX_DELAY_MS": "2.5",
        "MODELPACK_ACCESS_LOG": "off",
        "MODELPACK_WARM_UP": "False",
        "MODELPACK_TLS_KEY": "/run/key.pem",
        "MODELPACK_PROTOCOL": "mlflow-0.9",
        "MODELPACK_THREADS": "0",
        "MODELPACK_NAME": "",
    }
    assert given_settings(environ) == {
        "port": 8080,
        "max_body": 5_000_000,
        "max_delay": 0.0025,
        "access_log": False,
        "warm_up": False,
        "tls_key": Path("/run/key.pem"),
        "protocol": "mlflow-0.9",
        "threads": 0,
    }


@pytest.mark.parametrize(
    ("environ", "port"),
    [
        ({}, 8080),
        ({"PORT": "9000"}, 9000),
        ({"PORT": "9000", "SAGEMAKER_BIND_TO_PORT": "9001"}, 9001),
        ({"PORT": "9000", "SAGEMAKER_BIND_TO_PORT": "9001", "MODELPACK_PORT": "9002"}, 9002),
        ({"MODELPACK_PORT": "tcp://10.0.0.1:8080", "PORT": "9000"}, 9000),
    ],
    ids=["nothing", "Cloud Run", "SageMaker", "ours", "a service of Kubernetes called modelpack"],
)
def test_port_of_the_platform(environ: dict[str, str], port: int) -> None:
    """The most particular variable decides."""
    assert given_settings(environ)["port"] == port


def test_variables_of_mlflow_and_sagemaker_are_understood() -> None:
    """A container in place of MLflow's takes its workers and time-out (S139); ours go first."""
    environ = {
        "MODEL_SERVER_WORKERS": "3",
        "SAGEMAKER_MODEL_SERVER_WORKERS": "2",
        "MODEL_SERVER_TIMEOUT": "120",
        "SAGEMAKER_MAX_PAYLOAD_IN_MB": "7",
    }
    assert given_settings(environ) == {"port": 8080, "workers": 3, "timeout": 120.0, "max_body": 7 * MIB}
    assert given_settings({**environ, "MODELPACK_WORKERS": "1"})["workers"] == 1


def test_batch_transform_may_take_long_and_send_any_size() -> None:
    """SageMaker's jobs have time-outs of their own, and 0 stands for no limit of the payload."""
    found = given_settings({"SAGEMAKER_BATCH": "true", "SAGEMAKER_MAX_PAYLOAD_IN_MB": "0"})
    assert found["timeout"] == 3600
    assert found["max_body"] > 1 << 39
    assert given_settings({"SAGEMAKER_BATCH": "true", "MODEL_SERVER_TIMEOUT": "5"})["timeout"] == 5


@pytest.mark.parametrize(
    "environ",
    [
        {"MODELPACK_WORKERS": "two"},
        {"MODELPACK_ACCESS_LOG": "maybe"},
        {"MODELPACK_MAX_BODY": "much"},
        {"MODELPACK_LOG_FORMAT": "xml"},
        {"PORT": "http"},
        {"MODEL_SERVER_TIMEOUT": "soon"},
    ],
    ids=str,
)
def test_value_that_cannot_be_read_is_named(environ: dict[str, str]) -> None:
    """The error has the variable and its value."""
    ((name, value),) = environ.items()
    with pytest.raises(InvalidArgumentError, match=name) as refused:
        given_settings(environ)
    assert value in refused.value.message


def test_policy_is_one_of_three() -> None:
    """How far data may be from the signature is told as on the command line."""
    assert given_policy({}) == "safe"
    assert given_policy({"MODELPACK_POLICY": "strict"}) == "strict"
    with pytest.raises(InvalidArgumentError, match="MODELPACK_POLICY"):
        given_policy({"MODELPACK_POLICY": "loose"})


def test_misspelt_variable_is_told_about() -> None:
    """A setting that would have no effect is named, with the nearest; what Kubernetes makes is not."""
    environ = {"MODELPACK_WORKER": "2", "MODELPACK_SERVICE_HOST": "10.0.0.1", "MODELPACK_PORT_80_TCP": "x", "PATH": "/"}
    (sentence,) = unknown_variables({**environ, "MODELPACK_TRUST": "", "MODELPACK_PORT": "1"})
    assert "MODELPACK_WORKER " in sentence
    assert "MODELPACK_WORKERS" in sentence


@pytest.mark.parametrize(
    ("limits", "given", "sizing"),
    [
        (Limits(4.0, None), {}, Sizing(4, 1, 1)),
        (Limits(0.5, None), {}, Sizing(1, 1, 1)),
        (Limits(4.9, 512 * MIB), {}, Sizing(2, 2, 2)),
        (Limits(4.0, 100 * MIB), {}, Sizing(1, 4, 4)),
        (Limits(4.0, 512 * MIB), {"workers": 4, "threads": 8}, Sizing(4, 8, 1)),
    ],
    ids=["by processors", "less than one", "by memory", "hardly any memory", "as told"],
)
def test_workers_fit_processors_and_memory(limits: Limits, given: dict[str, int], sizing: Sizing) -> None:
    """One for each processor, if their memory suffices; a library starts no more threads than are its share."""
    assert Sizing.fitting(limits, 10 * MIB, given) == sizing


def test_container_listens_to_all_and_writes_json() -> None:
    """What a container needs is the default; threads that were chosen are used for every call."""
    settings = container_settings(given_settings({}), Sizing(2, 1, 1))
    assert (settings.host, settings.port, settings.log_format, settings.workers) == ("0.0.0.0", 8080, "json", 2)  # noqa: S104 - expected
    assert settings.loop_calls
    assert not container_settings(given_settings({"MODELPACK_THREADS": "3"}), Sizing(2, 3, 1)).loop_calls

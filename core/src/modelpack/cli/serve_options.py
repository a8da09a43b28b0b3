"""The options of `modelpack serve`."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from modelpack.errors import InvalidArgumentError


class ProtocolChoice(Enum):
    """The values of `--protocol`."""

    modelpack = "modelpack"
    mlflow_0_9 = "mlflow-0.9"
    mlflow_0_1 = "mlflow-0.1"


class LogFormatChoice(Enum):
    """The values of `--log-format`."""

    text = "text"
    json = "json"


class EnvManagerChoice(Enum):
    """The values of `--env-manager`."""

    local = "local"
    uv = "uv"
    virtualenv = "virtualenv"
    conda = "conda"


HostOption = Annotated[str, typer.Option("--host", help="The address to listen on.")]
PortOption = Annotated[int, typer.Option("--port", "-p", help="The port to listen on; 0 finds a free one.")]
SocketOption = Annotated[
    Path | None,
    typer.Option("--socket", metavar="PATH", help="A Unix socket to listen on, in place of host and port."),
]
FlavorOption = Annotated[
    str | None, typer.Option("--flavor", metavar="NAME", help="Whose view to serve, if the model has several flavors.")
]
WorkersOption = Annotated[int, typer.Option("--workers", "-w", help="How many processes score.")]
ThreadsOption = Annotated[
    int | None,
    typer.Option(
        "--threads",
        help="How many threads of a process call the model; 0 makes all calls on the event loop.",
        show_default="one for each CPU, and none for calls that have proved to be quick",
    ),
]
MaxBatchOption = Annotated[
    int, typer.Option("--max-batch", metavar="ROWS", help="The most rows to predict together; 1 joins no requests.")
]
MaxDelayOption = Annotated[
    float, typer.Option("--max-delay-ms", help="Milliseconds that a request may wait for others to be joined to.")
]
MaxQueueOption = Annotated[
    int, typer.Option("--max-queue", help="How many requests may wait in a process; one more is refused with 429.")
]
MaxBodyOption = Annotated[
    str, typer.Option("--max-body", metavar="SIZE", help="The largest request body, such as 500kB, 100MB or 1GB.")
]
TimeoutOption = Annotated[float, typer.Option("--timeout", help="Seconds until a request is answered with 504.")]
GraceOption = Annotated[float, typer.Option("--grace", help="Seconds that requests have to finish after SIGTERM.")]
NameOption = Annotated[
    str | None,
    typer.Option("--name", help="The model's name under /v2/models.", show_default="its directory's name"),
]
ApiKeyFileOption = Annotated[
    Path | None,
    typer.Option("--api-key-file", metavar="FILE", help="Ask for one of the keys in this file, a line each."),
]
CertificateOption = Annotated[
    Path | None, typer.Option("--tls-certificate", metavar="PEM", help="Speak TLS with this certificate and its chain.")
]
KeyOption = Annotated[
    Path | None,
    typer.Option("--tls-key", metavar="PEM", help="The certificate's private key, if in a file of its own."),
]
LogFormatOption = Annotated[LogFormatChoice, typer.Option("--log-format", help="How the log is written.")]
AccessLogOption = Annotated[bool, typer.Option("--access-log/--no-access-log", help="Whether each request is logged.")]
NoWarmUpOption = Annotated[
    bool, typer.Option("--no-warm-up", help="Be ready without having predicted the model's input example.")
]
ProtocolOption = Annotated[
    ProtocolChoice, typer.Option("--protocol", help="Which answers the clients expect; mlflow-0.9 gives bare lists.")
]
EnvManagerOption = Annotated[
    EnvManagerChoice, typer.Option("--env-manager", help="The environment the model runs in; `local` is this one.")
]
DebugOption = Annotated[bool, typer.Option("--debug", help="Send the traceback of a failure with its answer.")]


def check_env_manager(choice: EnvManagerChoice) -> None:
    """Refuse to run in an environment that cannot be made yet.

    Raises:
        InvalidArgumentError: It is not the one at hand.
    """
    if choice is not EnvManagerChoice.local:
        raise InvalidArgumentError(
            f"--env-manager {choice.value} is not there yet; models run in the environment at hand",
            hint="install the model's requirements.txt here, and leave the option out",
        )

"""`modelpack serve`: a model behind HTTP."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

import typer

from modelpack.cli.options import (
    ModelArgument,
    ModelOption,
    PolicyChoice,
    PolicyOption,
    TrustOption,
    chosen_model,
    chosen_trust,
)
from modelpack.cli.output import notice


class ProtocolChoice(Enum):
    """The values of `--protocol`."""

    modelpack = "modelpack"
    mlflow_0_9 = "mlflow-0.9"
    mlflow_0_1 = "mlflow-0.1"


HostOption = Annotated[str, typer.Option("--host", help="The address to listen on.")]
PortOption = Annotated[int, typer.Option("--port", "-p", help="The port to listen on; 0 finds a free one.")]
TimeoutOption = Annotated[float, typer.Option("--timeout", help="Seconds until a request is answered with 504.")]
MaxBodyOption = Annotated[
    str, typer.Option("--max-body", metavar="SIZE", help="The largest request body, such as 500kB, 100MB or 1GB.")
]
ProtocolOption = Annotated[
    ProtocolChoice, typer.Option("--protocol", help="Which answers the clients expect; mlflow-0.9 gives bare lists.")
]
DebugOption = Annotated[bool, typer.Option("--debug", help="Send the traceback of a failure with its answer.")]


def serve(  # noqa: PLR0913 - each is one option of the command
    model: ModelArgument = None,
    option: ModelOption = None,
    *,
    host: HostOption = "127.0.0.1",
    port: PortOption = 5000,
    timeout: TimeoutOption = 60.0,
    max_body: MaxBodyOption = "100MB",
    protocol: ProtocolOption = ProtocolChoice.modelpack,
    trust: TrustOption = None,
    policy: PolicyOption = PolicyChoice.safe,
    debug: DebugOption = False,
) -> None:
    """Serve a model: POST /invocations takes JSON, CSV, Parquet and Arrow; GET /ping, /health and /version."""
    from modelpack.pyfunc.load import load_model
    from modelpack.pyfunc.policy import checked_policy
    from modelpack.serving.run import listening_socket, serve
    from modelpack.serving.settings import ServerSettings, parse_size

    uri = chosen_model(model, option)
    settings = ServerSettings(
        host=host, port=port, timeout=timeout, max_body=parse_size(max_body), protocol=protocol.value, debug=debug
    )
    listening_socket(host, port).close()  # a taken port is told before the model is loaded
    serve(load_model(uri, trust=chosen_trust(trust), policy=checked_policy(policy.value)), settings, notice)

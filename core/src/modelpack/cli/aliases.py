"""The commands of MLflow 0.9 under their own names and options (S116-S118): thin, with today's machinery behind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from modelpack.cli.options import ModelArgument, ModelOption, TrustOption, chosen_model, chosen_trust
from modelpack.cli.output import notice

if TYPE_CHECKING:
    from modelpack.serving.settings import Protocol

pyfunc = typer.Typer(help="MLflow 0.9's `pyfunc serve` and `pyfunc predict`.", no_args_is_help=True)
sklearn = typer.Typer(help="MLflow 0.1's `sklearn serve`.", no_args_is_help=True)

RunOption = Annotated[
    str | None, typer.Option("--run-id", "-r", metavar="ID", help="The run whose artifact the model path names.")
]
PortOption = Annotated[int, typer.Option("--port", "-p", help="The port to listen on.")]
HostOption = Annotated[str, typer.Option("--host", "-h", help="The address to listen on.")]
NoCondaOption = Annotated[
    bool, typer.Option("--no-conda", help="Accepted and without effect: models run in the environment at hand.")
]


@pyfunc.command("serve")
def pyfunc_serve(
    argument: ModelArgument = None,
    option: ModelOption = None,
    *,
    run_id: RunOption = None,
    port: PortOption = 5000,
    host: HostOption = "127.0.0.1",
    no_conda: NoCondaOption = False,  # noqa: ARG001 - see its help
    trust: TrustOption = None,
) -> None:
    """Serve a model; answers are the bare lists of MLflow 0.9."""
    _serve(_uri(chosen_model(argument, option), run_id), host, port, trust, protocol="mlflow-0.9")


@pyfunc.command("predict")
def pyfunc_predict(
    argument: ModelArgument = None,
    option: ModelOption = None,
    *,
    run_id: RunOption = None,
    input_path: Annotated[str, typer.Option("--input-path", "-i", metavar="CSV", help="The CSV file to score.")],
    output_path: Annotated[
        str, typer.Option("--output-path", "-o", metavar="CSV", help="Where the predictions go; - is standard output.")
    ] = "-",
    no_conda: NoCondaOption = False,  # noqa: ARG001 - see its help
    trust: TrustOption = None,
) -> None:
    """Score a CSV file; the predictions are CSV without header and index."""
    from modelpack.batch.scoring import score_file
    from modelpack.pyfunc.load import load_model

    model = load_model(_uri(chosen_model(argument, option), run_id), trust=chosen_trust(trust))
    score_file(model, input_path, output_path, content_type="text/csv", output_type="text/csv", header=False)


@sklearn.command("serve")
def sklearn_serve(
    argument: ModelArgument = None,
    option: ModelOption = None,
    *,
    run_id: RunOption = None,
    port: PortOption = 5000,
    host: HostOption = "127.0.0.1",
    trust: TrustOption = None,
) -> None:
    """Serve a scikit-learn model; takes and answers records in JSON only."""
    uri = _uri(chosen_model(argument, option), run_id)
    _serve(uri, host, port, trust, protocol="mlflow-0.1", flavor="sklearn")


def _uri(model: str, run_id: str | None) -> str:
    return model if run_id is None else f"runs:/{run_id}/{model}"


def _serve(
    uri: str, host: str, port: int, trust: list[str] | None, *, protocol: Protocol, flavor: str | None = None
) -> None:
    from modelpack.pyfunc.source import ModelSource
    from modelpack.serving.processes.run import serve
    from modelpack.serving.settings import ServerSettings

    source = ModelSource(uri=uri, flavor=flavor, trust=chosen_trust(trust))
    serve(source, ServerSettings(host=host, port=port, protocol=protocol), notice)

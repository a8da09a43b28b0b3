"""`modelpack deployments submit-batch` and `get-batch`: jobs that a platform runs by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from modelpack.cli.options import JsonOption, ModelArgument, ModelOption, UsageError, chosen_model
from modelpack.cli.output import notice, print_json, print_table
from modelpack.cli.target_options import (
    NoWaitOption,
    OptionOption,
    OptionsFileOption,
    TargetOption,
    TimeoutOption,
    chosen_options,
)

if TYPE_CHECKING:
    from modelpack.deployments.records import BatchJob

JobArgument = Annotated[str, typer.Argument(metavar="NAME", help="The job's name.")]
InputOption = Annotated[
    str | None, typer.Option("--input", "-i", metavar="URI", help="Where the data are, as the platform names it.")
]
OutputOption = Annotated[str | None, typer.Option("--output", metavar="URI", help="Where the predictions go.")]


def submit_batch(  # noqa: PLR0913 - each is one option of the command
    model: ModelArgument = None,
    option: ModelOption = None,
    *,
    target: TargetOption,
    name: Annotated[str | None, typer.Option("--name", "-n", metavar="NAME", help="The job's name.")] = None,
    input_uri: InputOption = None,
    output_uri: OutputOption = None,
    content_type: Annotated[
        str, typer.Option("--content-type", "-t", metavar="TYPE", help="The media type of each input file.")
    ] = "text/csv",
    accept: Annotated[
        str | None, typer.Option("--accept", metavar="TYPE", help="The media type that the predictions shall have.")
    ] = None,
    options: OptionOption = None,
    options_file: OptionsFileOption = None,
    no_wait: NoWaitOption = False,
    timeout: TimeoutOption = 86400.0,
    as_json: JsonOption = False,
) -> None:
    """Let a target score data that lie there, once; the same command again waits for the same job."""
    from modelpack.deployments.batch_jobs import submit_batch as submit

    job = submit(
        chosen_model(model, option),
        target=target,
        name=_required(name, "--name"),
        input=_required(input_uri, "--input"),
        output=_required(output_uri, "--output"),
        content_type=content_type,
        accept=accept,
        options=chosen_options(target, options, options_file),
        wait=not no_wait,
        timeout=timeout,
        progress=notice,
    )
    _show(job, as_json=as_json)


def get_batch(
    name: JobArgument,
    *,
    target: TargetOption,
    options: OptionOption = None,
    options_file: OptionsFileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show how far a batch job is."""
    from modelpack.deployments.batch_jobs import get_batch as look

    _show(look(name, target=target, options=chosen_options(target, options, options_file)), as_json=as_json)


def _required(value: str | None, option: str) -> str:
    if value is None:
        raise UsageError(f"the batch job needs {option}", hint="see `modelpack deployments submit-batch --help`")
    return value


def _show(job: BatchJob, *, as_json: bool) -> None:
    from dataclasses import asdict

    facts = asdict(job)
    if as_json:
        print_json(facts)
        return
    shown = {**facts.pop("details"), **facts}
    print_table(("FACT", "VALUE"), ((fact, str(value)) for fact, value in shown.items() if value is not None))

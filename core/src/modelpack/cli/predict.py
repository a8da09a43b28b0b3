"""`modelpack predict`: score a file, a stream, or a batch of files or tables with an engine."""

from __future__ import annotations

import glob
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modelpack.cli.batch_options import (
    EngineChoices,
    EngineOption,
    EngineOptionOption,
    FormatOption,
    KeepAllOption,
    KeepOption,
    MasterOption,
    OnErrorOption,
    OverwriteOption,
    PartitionByOption,
    WorkersOption,
)
from modelpack.cli.options import (
    ModelArgument,
    ModelOption,
    PolicyChoice,
    PolicyOption,
    TrustOption,
    UsageError,
    chosen_model,
    chosen_trust,
    named_value,
)

if TYPE_CHECKING:
    from modelpack.package.trust import Trust

InputOption = Annotated[
    str,
    typer.Option(
        "--input-path",
        "-i",
        metavar="FILE|DIR",
        help="What to score: a file, - for standard input, a directory, a pattern, a URI, or a table.",
    ),
]
OutputOption = Annotated[
    str,
    typer.Option(
        "--output-path",
        "-o",
        metavar="FILE|DIR",
        help="Where predictions go: a file, - for standard output, or a directory.",
    ),
]
ContentTypeOption = Annotated[
    str | None,
    typer.Option(
        "--content-type",
        "-t",
        metavar="TYPE",
        help="The input's format: csv, json, jsonl, parquet, arrow, or a media type. By default by the suffix.",
    ),
]
OutputTypeOption = Annotated[
    str | None,
    typer.Option("--output-type", metavar="TYPE", help="The output's format. By default by the suffix, else csv."),
]
ChunkRowsOption = Annotated[int, typer.Option("--chunk-rows", min=1, help="How many rows are scored at a time.")]
NoHeaderOption = Annotated[bool, typer.Option("--no-header", help="Write CSV without the columns' names.")]
ParamOption = Annotated[
    list[str] | None,
    typer.Option("--param", metavar="NAME=VALUE", help="A param of predict, its value in JSON or as text. Repeatable."),
]


def predict(  # noqa: PLR0913 - each is one option of the command
    model: ModelArgument = None,
    option: ModelOption = None,
    *,
    input_path: InputOption = "-",
    output_path: OutputOption = "-",
    content_type: ContentTypeOption = None,
    output_type: OutputTypeOption = None,
    chunk_rows: ChunkRowsOption = 20_000,
    no_header: NoHeaderOption = False,
    param: ParamOption = None,
    keep: KeepOption = None,
    keep_all: KeepAllOption = False,
    engine: EngineOption = None,
    output_format: FormatOption = None,
    partition_by: PartitionByOption = None,
    workers: WorkersOption = None,
    on_error: OnErrorOption = None,
    overwrite: OverwriteOption = False,
    engine_option: EngineOptionOption = None,
    master: MasterOption = None,
    trust: TrustOption = None,
    policy: PolicyOption = PolicyChoice.safe,
) -> None:
    """Score CSV, JSON, JSON Lines, Parquet or Arrow, in chunks, and write the predictions in any of these formats.

    One file or stream is scored into one file or stream. Into a directory an engine scores any number of files, by
    default with several processes of this machine.
    """
    uri = chosen_model(model, option)
    choices = EngineChoices(
        engine,
        output_format,
        partition_by,
        workers,
        on_error,
        overwrite=overwrite,
        options=engine_option,
        master=master,
    )
    read: dict[str, Any] = {"params": _params(param), "content_type": content_type, "chunk_rows": chunk_rows}
    if not (choices.were_made() or _is_batch(input_path, output_path)):
        kept = None if keep_all else keep or ()
        written = {"output_type": output_type, "header": not no_header, "keep": kept}
        _score_file(uri, input_path, output_path, chosen_trust(trust), policy, read | written)
        return
    if output_type is not None or no_header:
        raise UsageError("--output-type and --no-header are for one file", hint="name a directory's format: --format")
    access = {"trust": chosen_trust(trust), "policy": policy.value}
    choices.score(uri, input_path, output_path, keep=keep or (), keep_all=keep_all, **read, **access)


def _is_batch(source: str, destination: str) -> bool:
    """Whether it is a task for an engine: many files, or a directory to write to."""
    several = Path(source).is_dir() or (glob.has_magic(source) and not Path(source).exists())
    return several or destination.endswith("/") or Path(destination).is_dir()


def _score_file(
    uri: str, source: str, destination: str, trust: Trust | None, policy: PolicyChoice, choices: dict[str, Any]
) -> None:
    from modelpack.batch.scoring import score_file
    from modelpack.cli.progress import progress_bar
    from modelpack.pyfunc.load import load_model
    from modelpack.pyfunc.policy import checked_policy

    loaded = load_model(uri, trust=trust, policy=checked_policy(policy.value))
    with progress_bar() as progress:
        score_file(loaded, source, destination, progress=progress, **choices)


def _params(texts: list[str] | None) -> dict[str, Any] | None:
    return dict(map(_param, texts)) if texts else None


def _param(text: str) -> tuple[str, Any]:
    import orjson

    name, value = named_value(text, "--param temperature=0.5")
    try:
        return name, orjson.loads(value)
    except orjson.JSONDecodeError:
        return name, value

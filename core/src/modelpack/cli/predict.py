"""`modelpack predict`: score a file or a stream."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from modelpack.cli.options import (
    ModelArgument,
    ModelOption,
    PolicyChoice,
    PolicyOption,
    TrustOption,
    UsageError,
    chosen_model,
    chosen_trust,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from modelpack.batch.scoring import Progress

InputOption = Annotated[
    str, typer.Option("--input-path", "-i", metavar="FILE", help="The file to score; - is standard input.")
]
OutputOption = Annotated[
    str, typer.Option("--output-path", "-o", metavar="FILE", help="Where predictions go; - is standard output.")
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
    chunk_rows: ChunkRowsOption = 50_000,
    no_header: NoHeaderOption = False,
    param: ParamOption = None,
    trust: TrustOption = None,
    policy: PolicyOption = PolicyChoice.safe,
) -> None:
    """Score CSV, JSON, JSON Lines, Parquet or Arrow, in chunks, and write the predictions in any of these formats."""
    from modelpack.batch.scoring import score_file
    from modelpack.pyfunc.load import load_model
    from modelpack.pyfunc.policy import checked_policy

    uri = chosen_model(model, option)
    params = _params(param)
    loaded = load_model(uri, trust=chosen_trust(trust), policy=checked_policy(policy.value))
    with _progress(input_path) as progress:
        score_file(
            loaded,
            input_path,
            output_path,
            params=params,
            content_type=content_type,
            output_type=output_type,
            chunk_rows=chunk_rows,
            header=not no_header,
            progress=progress,
        )


def _params(texts: list[str] | None) -> dict[str, Any] | None:
    return dict(map(_param, texts)) if texts else None


def _param(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise UsageError(f"--param {text}: no NAME=VALUE", hint="for example: --param temperature=0.5")
    import orjson

    try:
        return name, orjson.loads(value)
    except orjson.JSONDecodeError:
        return name, value


@contextmanager
def _progress(path: str) -> Iterator[Callable[[Progress], None] | None]:
    """A progress bar on standard error, when that is a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    file = Path(path)
    size = file.stat().st_size if file.is_file() else None
    columns = (BarColumn(), TextColumn("{task.fields[rows]:,} rows"), TimeRemainingColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("scoring", total=size, rows=0)
        yield lambda state: bar.update(task, completed=state.read, rows=state.rows)

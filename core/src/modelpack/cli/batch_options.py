"""The options of `modelpack predict` that are for engines."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any

import typer

from modelpack.cli.options import UsageError


class FormatChoice(Enum):
    """The values of `--format`, which are those of `modelpack.batch.records.OutputFormat`."""

    parquet = "parquet"
    csv = "csv"
    json = "json"
    arrow = "arrow"


class OnErrorChoice(Enum):
    """The values of `--on-error`, which are those of `modelpack.batch.records.OnError`."""

    fail = "fail"
    skip = "skip"


KeepOption = Annotated[
    list[str] | None,
    typer.Option("--keep", metavar="COLUMN", help="Write this column of the input before the predictions. Repeatable."),
]
KeepAllOption = Annotated[bool, typer.Option("--keep-all", help="Write every column of the input.")]
EngineOption = Annotated[
    str | None,
    typer.Option("--engine", metavar="NAME", help="Who scores into a directory: local (default) or a plugin's engine."),
]
FormatOption = Annotated[
    FormatChoice | None,
    typer.Option(
        "--format", help="The format of a directory's files; json has a line for each row. [default: parquet]"
    ),
]
PartitionByOption = Annotated[
    list[str] | None,
    typer.Option(
        "--partition-by", metavar="COLUMN", help="Write rows to directories COLUMN=VALUE by their values. Repeatable."
    ),
]
WorkersOption = Annotated[
    int | None, typer.Option("--workers", min=1, help="How many processes score. [default: as many as there are CPUs]")
]
OnErrorOption = Annotated[
    OnErrorChoice | None,
    typer.Option(
        "--on-error", help="Fail, or skip parts of the input that cannot be scored and list them in _errors.json."
    ),
]
OverwriteOption = Annotated[
    bool, typer.Option("--overwrite", help="Replace an earlier output directory once the new one is complete.")
]
EngineOptionOption = Annotated[
    list[str] | None,
    typer.Option("--engine-option", "-O", metavar="NAME=VALUE", help="An option of the engine's own. Repeatable."),
]
MasterOption = Annotated[
    str | None, typer.Option("--master", metavar="URL", help="The same as -O master=URL, for engines with a cluster.")
]


@dataclass(frozen=True, slots=True)
class EngineChoices:
    """What the command line says of an engine; None or empty where it says nothing."""

    engine: str | None
    format: FormatChoice | None
    partition_by: list[str] | None
    workers: int | None
    on_error: OnErrorChoice | None
    overwrite: bool
    options: list[str] | None
    master: str | None

    def were_made(self) -> bool:
        """Whether anything was said, so that an engine is meant."""
        values = (self.engine, self.format, self.partition_by, self.workers, self.on_error, self.options, self.master)
        return self.overwrite or any(value is not None for value in values)

    def score(self, model: str, source: str, destination: str, **choices: Any) -> None:
        """Score into a directory, with a progress bar, and say what was left out.

        Raises:
            UsageError: No directory was named, or an option has no value, or has two.
        """
        from modelpack.batch.job import predict
        from modelpack.cli.output import notice
        from modelpack.cli.progress import progress_bar

        if "-" in (source, destination):
            raise UsageError("an engine scores files into a directory", hint="name them: -i INPUT -o DIRECTORY")
        with progress_bar() as progress:
            result = predict(
                model,
                source,
                destination,
                engine=self.engine or "local",
                format=(self.format or FormatChoice.parquet).value,
                partition_by=self.partition_by or (),
                workers=self.workers,
                on_error=(self.on_error or OnErrorChoice.fail).value,
                overwrite=self.overwrite,
                progress=progress,
                **choices,
                **self._engine_options(),
            )
        if result.failed:
            notice(f"parts of the input that were left out: {len(result.failed)}; see {destination}/_errors.json")

    def _engine_options(self) -> dict[str, Any]:
        from modelpack.cli.plugin_options import read_options
        from modelpack.plugins.manager import default_manager

        texts = list(self.options or ())
        if self.master is not None:
            texts.append(f"master={self.master}")
        return read_options(default_manager().engine(self.engine or "local").options_type, texts, None)

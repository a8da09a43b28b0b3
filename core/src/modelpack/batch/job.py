"""Scoring a batch with an engine: everything that is the same for all of them."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import orjson

from modelpack.batch.columns import ColumnCheck
from modelpack.batch.files import found_files, is_here
from modelpack.batch.inspection import checked_files
from modelpack.batch.publishing import published
from modelpack.batch.records import CHUNK_ROWS, BatchRequest, OnError, OutputFormat
from modelpack.batch.streams import is_remote
from modelpack.contexts import BatchContext
from modelpack.data.tables import output_names
from modelpack.errors import InvalidArgumentError
from modelpack.plugins import dispatch
from modelpack.plugins.manager import default_manager
from modelpack.pyfunc.model import PyFuncModel
from modelpack.pyfunc.source import ModelSource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from modelpack.batch.records import BatchProgress, BatchResult, FailedPart, InputFile
    from modelpack.interfaces import Engine
    from modelpack.package.load import VersionPolicy
    from modelpack.package.trust import Trust
    from modelpack.plugins.manager import PluginManager
    from modelpack.pyfunc.policy import Policy

ERRORS = "_errors.json"


def predict(  # noqa: PLR0913 - each is one thing that a caller may choose
    model: PyFuncModel | str | os.PathLike[str],
    source: str | os.PathLike[str],
    destination: str | os.PathLike[str],
    *,
    engine: str = "local",
    format: OutputFormat = "parquet",  # noqa: A002 - the name of the option
    content_type: str | None = None,
    params: Mapping[str, Any] | None = None,
    keep: Sequence[str] = (),
    keep_all: bool = False,
    partition_by: Sequence[str] = (),
    workers: int | None = None,
    chunk_rows: int = CHUNK_ROWS,
    on_error: OnError = "fail",
    overwrite: bool = False,
    flavor: str | None = None,
    trust: Trust | None = None,
    policy: Policy = "safe",
    versions: VersionPolicy = "warn",
    progress: Callable[[BatchProgress], None] | None = None,
    plugins: PluginManager | None = None,
    **options: Any,
) -> BatchResult:
    """Score files or a table into a directory that appears complete or not at all.

    Args:
        model: The model directory or URI of one; or a loaded model, which is loaded again where it scores.
        source: A file, a directory, a pattern such as `sales/*.parquet`, a URI, or what the engine reads, as a table.
        destination: The output directory. Its files are called `part-00000.parquet` and so on; `_SUCCESS` is added.
        engine: Who does it: `local`, or the engine of a plugin, such as `spark`.
        format: The output's format; `json` has an object on each line.
        content_type: The input's format, a media type or a short name; by the files' suffixes if absent.
        params: Params for every call of `predict`.
        keep: Columns of the input that stand before the predictions.
        keep_all: Whether every column does.
        partition_by: Columns whose values become directories, as in `country=CH/part-00000.parquet`.
        workers: How many processes score; as many as there are CPUs if absent.
        chunk_rows: About how many rows are scored at a time.
        on_error: `fail`, or `skip` to leave out parts of the input that cannot be scored; `_errors.json` lists them.
        overwrite: Whether an earlier output is replaced, once the new one is complete.
        flavor: Whose view of the model, as for `pyfunc.load_model`.
        trust: What may run code, as for `pyfunc.load_model`.
        policy: How far data may be from the signature.
        versions: What to do when libraries differ from those that the model was saved with.
        progress: Called now and then.
        plugins: The plugins to choose the engine from; by default those that are installed.
        **options: The engine's own options.

    Returns:
        How many rows were scored, and what was left out.

    Raises:
        NotFoundError: There is no such model or input.
        AlreadyExistsError: The output exists.
        SchemaError: Files do not fit the signature; they are named, each with what is wrong. Nothing was scored.
        ModelFailureError: The model failed, or a worker died; the message names the file and the rows.
        PluginError: There is no such engine, or it failed.

    Example:
        ```python
        result = modelpack.batch.predict("churn_model", "customers/", "scores/", keep=["customer_id"])
        ```
    """
    manager = default_manager() if plugins is None else plugins
    chosen = manager.engine(engine)
    location = _source(model, flavor=flavor, trust=trust, policy=policy, versions=versions)
    request: BatchRequest[Any] = BatchRequest(
        engine=engine,
        options=dispatch.validated_options(chosen, options),
        model=location,
        source=os.fspath(source),
        destination=os.fspath(destination),
        content_type=content_type,
        format=format,
        params=params,
        keep=tuple(dict.fromkeys(keep)),
        keep_all=keep_all,
        partition_by=tuple(dict.fromkeys(partition_by)),
        workers=workers,
        chunk_rows=chunk_rows,
        on_error=on_error,
        overwrite=overwrite,
    )
    return run(chosen, request, manager, progress or (lambda _: None))


def run(
    engine: Engine[Any], request: BatchRequest[Any], plugins: PluginManager, progress: Callable[[BatchProgress], None]
) -> BatchResult:
    """Check a request, have the engine fulfil it, and publish the output.

    Raises:
        ModelpackError: As `predict`.
    """
    _check(request)
    with _output(engine, request) as directory:
        stored = request.model.open()
        request = replace(request, model=replace(request.model, digest=stored.digest))
        signature = stored.mlmodel.signature
        names = output_names(signature)
        check = ColumnCheck(request, signature, names)
        files, failed = _input(engine, request, check)
        context: BatchContext[Any] = BatchContext(
            request=request,
            model_path=stored.path,
            signature=signature,
            names=names,
            files=files,
            directory=directory,
            check_columns=check,
            progress=progress,
        )
        result = dispatch.score_batch(plugins, engine, context)
        result = replace(result, failed=(*failed, *result.failed))
        if result.failed and directory is not None:
            content = orjson.dumps([part.content() for part in result.failed], option=orjson.OPT_INDENT_2)
            (directory / ERRORS).write_bytes(content)
    return result


def _source(model: PyFuncModel | str | os.PathLike[str], **choices: Any) -> ModelSource:
    if not isinstance(model, PyFuncModel):
        return ModelSource(uri=os.fspath(model), **choices)
    trusted = model.digest if choices["trust"] is None else choices["trust"]
    known = {"trust": trusted, "policy": model.policy, "digest": model.digest}
    return ModelSource(uri=str(model.path), **{**choices, **known})


def _check(request: BatchRequest[Any]) -> None:
    for name, allowed in (("format", OutputFormat), ("on_error", OnError)):
        value = getattr(request, name)
        if value not in get_args(allowed):
            raise InvalidArgumentError(f"{name} is {value!r}; expected one of {', '.join(get_args(allowed))}")
    for name in ("chunk_rows", "workers"):
        value = getattr(request, name)
        if value is not None and value < 1:
            raise InvalidArgumentError(f"{name} must be at least 1; it is {value}")


@contextmanager
def _output(engine: Engine[Any], request: BatchRequest[Any]) -> Iterator[Path | None]:
    if engine.writes(request.destination):
        yield None
        return
    if is_remote(request.destination):
        raise InvalidArgumentError(
            f"the engine {engine.name!r} writes to a directory of this machine, not to {request.destination}",
            hint="write to a directory and upload it, or use an engine that knows that place",
        )
    with published(Path(request.destination), overwrite=request.overwrite) as directory:
        yield directory


def _input(
    engine: Engine[Any], request: BatchRequest[Any], check: ColumnCheck
) -> tuple[tuple[InputFile, ...], tuple[FailedPart, ...]]:
    """The files that fit, and those that are left out."""
    if not is_here(request.source) and engine.reads(request.source):
        return (), ()
    return checked_files(found_files(request.source), request, check)

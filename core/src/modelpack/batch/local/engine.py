"""The engine `local`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Literal

from modelpack.batch.local.cpus import available_cpus
from modelpack.hookspecs import hookimpl
from modelpack.interfaces import Engine, PluginOptions
from modelpack.package.load import open_model
from modelpack.pyfunc.forking import can_fork

if TYPE_CHECKING:
    from modelpack.batch.local.launching import Launcher
    from modelpack.batch.local.messages import Task
    from modelpack.batch.records import BatchResult
    from modelpack.contexts import BatchContext


class LocalOptions(PluginOptions):
    """What `-O key=value` takes for the engine `local`.

    Attributes:
        start: How worker processes are started: as forks of this one, which share a model that is safe to fork; as
            programs, which share nothing; by default as forks where that is safe.
    """

    start: Literal["auto", "fork", "program"] = "auto"


class LocalEngine(Engine[LocalOptions]):
    """Scores with several processes of this machine."""

    name = "local"
    options_type = LocalOptions

    @hookimpl
    def modelpack_score_batch(self, context: BatchContext[LocalOptions]) -> BatchResult:
        """Cut the files into items, and have each scored and written as a part of its own by one of the workers."""
        from modelpack.batch.local.crew import Crew
        from modelpack.batch.local.items import items

        request = context.request
        cpus = available_cpus()
        workers = request.workers or cpus
        task = _task(context, max(1, cpus // workers))
        size = sum(file.size for file in context.files)
        crew = Crew(_launcher(context, task), workers, request.on_error, context.progress, size)
        return crew.run(items(context.files, request.content_type))


def _task(context: BatchContext[LocalOptions], threads: int) -> Task:
    from modelpack.batch.local.messages import Task

    request = context.request
    if context.directory is None:
        raise TypeError("the engine local writes into a directory that core publishes")
    return Task(
        model=request.model,
        params=request.params,
        content_type=request.content_type,
        names=context.names,
        partition_by=request.partition_by,
        format=request.format,
        directory=context.directory,
        chunk_rows=request.chunk_rows,
        threads=threads,
    )


def _launcher(context: BatchContext[LocalOptions], task: Task) -> Launcher:
    """Forks that share the loaded model where that is safe, else forks that load it, else programs."""
    from modelpack.batch.local.launching import Forks, Programs

    source, start = context.request.model, context.request.options.start
    if start == "program" or (start == "auto" and not can_fork()):
        return Programs(task)
    if source.fork_safe(open_model(context.model_path, verify=False)):
        loaded = source.load()
        if start == "fork" or can_fork():  # loading may have started threads
            return Forks(task, lambda: loaded)
        return Programs(task)
    return Forks(task, partial(source.load))


engine = LocalEngine()

"""The scoring server as processes."""

from __future__ import annotations

import os
from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

from modelpack.pyfunc.forking import can_fork
from modelpack.pyfunc.model import PyFuncModel
from modelpack.pyfunc.signals import ending_at_once
from modelpack.pyfunc.source import described
from modelpack.serving.api_keys import check_key_file
from modelpack.serving.observing import logs
from modelpack.serving.observing.metrics import forget_process, prepare_directory
from modelpack.serving.processes.announcement import announcement
from modelpack.serving.processes.launching import Forks, Programs
from modelpack.serving.processes.listening import listening
from modelpack.serving.processes.supervisor import Supervisor
from modelpack.serving.processes.tls import tls_context

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from modelpack.pyfunc.source import ModelSource
    from modelpack.serving.processes.launching import Launcher
    from modelpack.serving.settings import ServerSettings


def serve(model: PyFuncModel | ModelSource, settings: ServerSettings, announce: Callable[[str], None]) -> None:
    """Serve a model until SIGINT or SIGTERM, then finish the requests at hand and return.

    This process listens and supervises; its children, the workers, load the model and answer. For several workers, a
    model whose flavor says that it survives a fork is loaded once, here.

    Args:
        model: Where the model comes from; or a loaded model, whose workers are forks in any case.
        settings: Where to listen, and the limits.
        announce: Called once the server listens, with where it does, which model it serves and a command to try.

    Raises:
        InvalidArgumentError: The address, port or socket cannot be listened on, or a file of the settings not be used.
        ModelpackError: The model cannot be loaded, or no worker could start.
    """
    tls_context(settings)  # a mistake in the files is told before the model is loaded
    logs.configure(settings.log_format)
    if settings.api_key_file is not None:
        check_key_file(settings.api_key_file)
    with listening(settings) as listener, _shared_metrics(settings):
        if os.name != "posix":
            _serve_alone(model, settings, listener, announce)
            return
        with ending_at_once():
            shown, launcher = _launcher(model, settings, listener)
        logs.configure(settings.log_format)  # what loading has to say was said to the one who started the server
        Supervisor(
            launcher,
            settings,
            ready=lambda: announce(announcement(shown, settings, listener)),
            ended=forget_process,
            closing=listener.close,
        ).run()


def _shared_metrics(settings: ServerSettings) -> AbstractContextManager[object]:
    """Where several workers add their counts up; a single one keeps them to itself."""
    return prepare_directory() if settings.workers > 1 else nullcontext()


def _launcher(
    model: PyFuncModel | ModelSource, settings: ServerSettings, listener: socket.socket
) -> tuple[PyFuncModel, Launcher]:
    """What is served, as far as this process knows it, and what starts the workers."""
    if isinstance(model, PyFuncModel):
        return model, Forks(lambda: model, settings, listener)
    stored = model.open()
    source = replace(model, digest=stored.digest)
    shared = model.fork_safe(stored) and settings.workers > 1  # alone, a worker would share it with nobody
    if shared and can_fork():
        loaded = model.load()
        if can_fork():  # loading may have started threads
            return loaded, Forks(lambda: loaded, settings, listener)
    elif can_fork():
        return described(stored, model.policy), Forks(source.load, settings, listener)
    return described(stored, model.policy), Programs(source, settings, listener)


def _serve_alone(
    model: PyFuncModel | ModelSource, settings: ServerSettings, listener: socket.socket, announce: Callable[[str], None]
) -> None:
    from modelpack.serving.processes.worker import serve_requests

    loaded = model if isinstance(model, PyFuncModel) else model.load()
    logs.configure(settings.log_format)
    serve_requests(loaded, settings, listener, lambda: announce(announcement(loaded, settings, listener)))

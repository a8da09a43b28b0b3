"""Starting the server of a container."""

from __future__ import annotations

import logging
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelpack.errors import ModelpackError
from modelpack.serving.container.limits import Limits
from modelpack.serving.container.location import model_location
from modelpack.serving.container.sizing import Sizing
from modelpack.serving.container.variables import given_policy, given_settings, unknown_variables
from modelpack.serving.observing import logs
from modelpack.serving.settings import ServerSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

LOGGER = logging.getLogger("modelpack.serving")

_ANYWHERE = "0.0.0.0"  # noqa: S104 - a container's network is its own
_MEMORY = "/dev/shm"  # noqa: S108 - see `provide_temporary_directory`
_THREADS = "OMP_NUM_THREADS"


def serve_container(environ: Mapping[str, str]) -> int:
    """Serve the container's model until SIGTERM; answers the exit code. What goes wrong stands in the log.

    Args:
        environ: The variables.
    """
    logs.configure("json")
    try:
        _serve(environ)
    except ModelpackError as error:
        LOGGER.error(error.message, extra={"error_code": error.error_code, "hint": error.hint})  # noqa: TRY400 - expected
        return 1
    return 0


def _serve(environ: Mapping[str, str]) -> None:
    from modelpack.pyfunc.source import ModelSource
    from modelpack.serving.processes.run import serve

    uri = model_location(environ)
    given = given_settings(environ)
    sizing = Sizing.fitting(Limits.read(), _size(Path(uri)), given)
    settings = container_settings(given, sizing)
    logs.configure(settings.log_format)
    for sentence in unknown_variables(environ):
        LOGGER.warning(sentence)
    provide_temporary_directory()
    os.environ.setdefault(_THREADS, str(sizing.library_threads))  # libraries count the machine's processors
    source = ModelSource(uri=uri, flavor=environ.get("MODELPACK_FLAVOR") or None, policy=given_policy(environ))
    facts = {"model": uri, "workers": settings.workers, "threads": settings.threads}
    serve(source, settings, lambda text: LOGGER.info(text.partition("\n")[0], extra=facts))


def container_settings(given: Mapping[str, Any], sizing: Sizing) -> ServerSettings:
    """The settings of the server: what variables give, and the rest as it fits the container.

    Args:
        given: The settings that variables give.
        sizing: How the work is spread.

    Raises:
        InvalidArgumentError: A setting is out of its range.
    """
    defaults = {"host": _ANYWHERE, "log_format": "json", "loop_calls": "threads" not in given}
    return ServerSettings(**{**defaults, "workers": sizing.workers, "threads": sizing.threads, **given})


def provide_temporary_directory() -> None:
    """Have one where the root is read-only and nothing is mounted at /tmp: shared memory is writable in containers."""
    try:
        tempfile.gettempdir()
    except FileNotFoundError:
        tempfile.tempdir = os.environ["TMPDIR"] = _MEMORY


def _size(directory: Path) -> int:
    return sum(file.stat().st_size for file in directory.rglob("*") if file.is_file())

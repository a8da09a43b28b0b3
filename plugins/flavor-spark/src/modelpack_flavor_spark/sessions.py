"""The Spark session that a model is loaded in: the caller's, or one of its own on this machine."""

from __future__ import annotations

import os
import sys
import warnings
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING, Any

from modelpack.errors import InvalidArgumentError, MissingDependencyError

if TYPE_CHECKING:
    from collections.abc import Iterator

MASTER = "local[1]"
"""Where a pipeline is computed when there is no session (S94)."""

QUIET = {
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.python.worker.reuse": "true",
    "spark.sql.shuffle.partitions": "1",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}
"""Settings of a session that answers on this machine alone and writes nothing to the terminal."""

_LOCK = Lock()


def active_session() -> Any | None:
    """The caller's session: the active one, or the default one; None when there is none."""
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    try:
        return SparkSession.active()
    except PySparkException:
        return None


def session_for_model() -> Any:
    """The caller's session, or else a new one on one core of this machine.

    Raises:
        InvalidArgumentError: This runs inside a Spark job, where no session can be.
        MissingDependencyError: Java is missing.
    """
    with _LOCK:
        return active_session() or new_session(MASTER, QUIET)


def new_session(master: str | None, settings: dict[str, str]) -> Any:
    """Start a session, whose Python workers run the interpreter of this process.

    Args:
        master: Where; None where the settings of the environment say it.
        settings: Spark's settings.

    Raises:
        InvalidArgumentError: This runs inside a Spark job, where no session can be.
        MissingDependencyError: Java is missing.
    """
    from pyspark import TaskContext
    from pyspark.errors import PySparkRuntimeError
    from pyspark.sql import SparkSession

    if TaskContext.get() is not None:
        raise InvalidArgumentError(
            "a Spark pipeline cannot be loaded inside a Spark job",
            hint="load it in the driver and call its transform(frame)",
        )
    builder = SparkSession.builder if master is None else SparkSession.builder.master(master)
    for name, value in settings.items():
        builder = builder.config(name, value)
    try:
        with _own_interpreter(), hushed():
            return builder.getOrCreate()
    except PySparkRuntimeError as error:
        if error.getCondition() != "JAVA_GATEWAY_EXITED":
            raise
        raise MissingDependencyError(
            "Spark needs Java 17 or newer, and it did not start",
            hint="install a Java runtime and let JAVA_HOME name it; what it said stands above",
        ) from error


def is_connected(session: Any) -> bool:
    """Whether a session is one of Spark Connect, whose JVM is elsewhere."""
    return type(session).__module__.startswith("pyspark.sql.connect")


@contextmanager
def hushed() -> Iterator[None]:
    """Silence what Spark warns of with pandas 3, which all that is done here works with."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
        yield


@contextmanager
def _own_interpreter() -> Iterator[None]:
    """Workers take `python3` from the path, unless the environment says another while the session starts."""
    if "PYSPARK_PYTHON" in os.environ:
        yield
        return
    os.environ["PYSPARK_PYTHON"] = sys.executable
    try:
        yield
    finally:
        del os.environ["PYSPARK_PYTHON"]

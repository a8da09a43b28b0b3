"""The Java virtual machine of this process, in which MOJOs are scored.

It stands in the process itself: a row crosses into it in 30 µs, where H2O's own `mojo_predict_pandas` starts a JVM for
every call (0.7 s). There is one in a process, it cannot be stopped and started again, and it does not survive a fork;
so it is started by the first load of a MOJO.
"""

from __future__ import annotations

import os
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Any

from modelpack.errors import MissingDependencyError, ModelFailureError
from modelpack_flavor_h2o.failures import JAVA

_OPTIONS = ("-Xrs", "-XX:+UseSerialGC", "-Djava.awt.headless=true")
"""No handlers of signals, which belong to Python; the collector with the fewest threads and the least memory."""
_OLDEST = 11
_start = Lock()


def started_jvm() -> JVM:
    """The machine, running, with the classes that score MOJOs.

    Raises:
        MissingDependencyError: There is no Java, one that is too old, or no H2O.
        ModelFailureError: It cannot be started, or this process is a fork of the one that started it.
    """
    with _start:
        jvm = _jvm()
    if jvm.process != os.getpid():
        raise ModelFailureError(
            "this process is a fork of the one that loaded the MOJO, and Java does not survive a fork",
            hint="load the model in the process that predicts",
        )
    return jvm


class JVM:
    """What is needed of the running machine.

    Attributes:
        process: The process that started it.
        loader: Java's loader of H2O's classes, apart from any that other libraries of this process use.
    """

    def __init__(self, jar: Path) -> None:
        """Load H2O's classes from its jar; the machine runs."""
        from jpype import JClass

        self.process = os.getpid()
        location = JClass("java.io.File")(str(jar)).toURI().toURL()
        parent = JClass("java.lang.ClassLoader").getPlatformClassLoader()
        self.loader = JClass("java.net.URLClassLoader")([location], parent)

    def h2o_class(self, name: str) -> Any:
        """One of H2O's classes."""
        from jpype import JClass

        return JClass(name, loader=self.loader)

    def load_mojo(self, path: Path) -> Any:
        """Read a MOJO; its algorithms are looked up in the thread's class loader."""
        from jpype import JClass

        thread = JClass("java.lang.Thread").currentThread()
        former = thread.getContextClassLoader()
        thread.setContextClassLoader(self.loader)
        try:
            return self.h2o_class("hex.genmodel.MojoModel").load(str(path))
        finally:
            thread.setContextClassLoader(former)


@cache
def _jvm() -> JVM:
    import jpype

    jar = _jar()
    if not jpype.isJVMStarted():
        try:
            jpype.startJVM(*_OPTIONS, convertStrings=False, interrupt=False)
        except jpype.JVMNotFoundException as error:
            raise MissingDependencyError(f"scoring a MOJO needs Java, and there is none: {error}", hint=JAVA) from error
        except Exception as error:
            raise ModelFailureError(f"Java cannot be started: {error}", hint=JAVA) from error
    release = str(jpype.JClass("java.lang.System").getProperty("java.specification.version"))
    if release.startswith("1.") or int(release) < _OLDEST:
        raise MissingDependencyError(f"scoring a MOJO needs Java {_OLDEST} or newer, and this is {release}", hint=JAVA)
    return JVM(jar)


def _jar() -> Path:
    """H2O's jar, found without importing H2O, which takes a second."""
    found = find_spec("h2o")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("No module named 'h2o'", name="h2o")
    return Path(found.origin).parent / "backend" / "bin" / "h2o.jar"

"""Java and H2O as processes: where they are started, where not, and that nothing of them is left."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pandas as pd
import pytest

import modelpack
from modelpack.errors import MissingDependencyError, ModelFailureError
from modelpack.testing import run_python

PATIENCE = 60
WAITING = """
import json, sys, time, warnings, modelpack.pyfunc, pandas
init = json.loads(sys.argv[2])
model = modelpack.pyfunc.load_model(sys.argv[1], view="binary", trust=True, init=init)
print(len(model.predict(pandas.read_pickle(sys.argv[3]))), flush=True)
time.sleep(float(sys.argv[4]))
"""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def java_processes(mark: str) -> list[int]:
    """The processes in whose command line something stands, other than Python's."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if words[0].endswith(b"java") and any(mark.encode() in word for word in words):
            found.append(int(process.name))
    return found


def gone(mark: str) -> bool:
    """Whether no such process is left, after a while."""
    end = time.monotonic() + PATIENCE
    while java_processes(mark):
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


@contextmanager
def predicting(
    path: Path, rows: Path, seconds: float, **init_arguments: Any
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process that has predicted with an H2O of its own, and the name of that."""
    name = f"modelpack-test-{uuid4().hex[:8]}"
    init = json.dumps({"name": name, "nthreads": 1, "max_mem_size": "1G", **init_arguments})
    command = [sys.executable, "-c", WAITING, str(path), init, str(rows), str(seconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().strip() == "80"
            yield process, name
        finally:
            process.kill()


@pytest.fixture
def pickled(rows: pd.DataFrame, tmp_path: Path) -> Path:
    """The rows as a file."""
    rows.to_pickle(tmp_path / "rows.pkl")
    return tmp_path / "rows.pkl"


def test_mojo_needs_java_alone(saved: Path, rows: pd.DataFrame) -> None:
    """A fresh process scores it, imports no H2O, and starts no process."""

    def task(path: str, rows: Any) -> Any:
        import sys
        from pathlib import Path

        import modelpack.pyfunc

        answer = modelpack.pyfunc.load_model(path).predict(rows)
        children = Path("/proc/thread-self/children").read_text(encoding="ascii").split()
        return answer.to_dict("list"), children, "h2o" in sys.modules

    answer, children, is_imported = run_python(task, str(saved), rows)
    assert answer == modelpack.pyfunc.load_model(saved, view="binary").predict(rows).to_dict("list")
    assert children == []
    assert not is_imported


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
def test_h2o_ends_with_a_process_that_is_killed(number: signal.Signals, saved: Path, pickled: Path) -> None:
    """Whatever kills it, and its files are gone as well."""
    with predicting(saved, pickled, 100) as (process, name):
        (java,) = java_processes(name)
        words = Path(f"/proc/{java}/cmdline").read_text(encoding="utf-8").split("\0")
        place = Path(words[words.index("-ice_root") + 1])
        assert (words[words.index("-ip") + 1], words[words.index("-web_ip") + 1]) == ("127.0.0.1", "127.0.0.1")
        assert place.is_dir()
        process.send_signal(number)
        process.wait(30)
    assert gone(name)
    end = time.monotonic() + PATIENCE
    while place.exists() and time.monotonic() < end:
        time.sleep(0.1)
    assert not place.exists()


def test_h2o_ends_with_a_process_that_ends(saved: Path, pickled: Path) -> None:
    """When the process has gone, so has H2O, and nothing was printed; where its port is taken, it has another."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with predicting(saved, pickled, 0, port=other.getsockname()[1]) as (process, name):
            assert process.stdout is not None
            assert process.stdout.read() == ""
            assert process.wait(60) == 0
            assert java_processes(name) == []


def test_running_h2o_is_used_and_left(saved: Path, rows: pd.DataFrame, h2o_running: Any) -> None:
    """One where `init` says; this process's own is not asked for anything."""

    def task(path: str, rows: Any, port: int) -> Any:
        import h2o

        import modelpack.pyfunc

        model = modelpack.pyfunc.load_model(path, view="binary", trust=True, init={"port": port})
        return h2o.connection().base_url, h2o.connection().local_server is None, len(model.predict(rows))

    port = int(os.environ["MODELPACK_TEST_H2O_PORT"])
    assert run_python(task, str(saved), rows, port) == (f"http://localhost:{port}", True, len(rows))
    assert h2o_running.cluster().is_running()


def load_elsewhere(path: Path, init: dict[str, Any], **environment: str) -> Any:
    """Load H2O's view in a process of its own; answers the error's class and text, or where H2O is."""

    def task(path: str, init: dict[str, Any]) -> Any:
        import h2o

        import modelpack.pyfunc
        from modelpack.errors import ModelpackError

        try:
            modelpack.pyfunc.load_model(path, view="binary", trust=True, init=init)
        except ModelpackError as error:
            return type(error), error.message, error.hint
        return h2o.connection().base_url

    return run_python(task, str(path), init, environment=environment)


def test_no_java(saved: Path, tmp_path: Path) -> None:
    """It is said, with what to install."""
    kind, message, hint = load_elsewhere(saved, {}, PATH=str(tmp_path), JAVA_HOME="", H2O_JAVA_HOME="")
    assert kind is MissingDependencyError
    assert "Cannot find Java" in message
    assert "default-jre-headless" in hint


def test_old_java(saved: Path, tmp_path: Path) -> None:
    """H2O asks it for its version."""
    java = tmp_path / "java"
    java.write_text("#!/bin/sh\necho 'java version \"1.7.0_80\"' >&2\n")
    java.chmod(0o755)
    kind, message, hint = load_elsewhere(saved, {}, PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert kind is MissingDependencyError
    assert "1.7.0_80" in message
    assert "Java 11 or newer" in hint


def test_too_little_memory(saved: Path) -> None:
    """Less than init asks for."""
    kind, message, hint = load_elsewhere(saved, {"max_mem_size": "900T", "nthreads": 1})
    assert kind is ModelFailureError
    assert "object heap" in message
    assert "max_mem_size" in hint


def test_no_h2o_where_it_must_be(saved: Path) -> None:
    """`start_h2o` false asks for one that runs."""
    kind, message, _ = load_elsewhere(saved, {"url": "http://127.0.0.1:9", "start_h2o": False})
    assert kind is ModelFailureError
    assert "http://127.0.0.1:9" in message


@pytest.mark.parametrize(
    ("library", "kind"),
    [("no library", ModelFailureError), (None, MissingDependencyError)],
    ids=["broken Java", "no Java"],
)
def test_mojo_without_java(library: str | None, kind: type, saved: Path, tmp_path: Path) -> None:
    """It is said, with what to install; JAVA_HOME chooses the Java."""
    if library is None and Path("/usr/lib/jvm").exists():
        pytest.skip("Java is found in /usr/lib/jvm, wherever JAVA_HOME points")
    if library is not None:
        place = tmp_path / "java" / "lib" / "server"
        place.mkdir(parents=True)
        (place / "libjvm.so").write_text(library)

    def task(path: str) -> Any:
        import modelpack.pyfunc
        from modelpack.errors import ModelpackError

        try:
            modelpack.pyfunc.load_model(path)
        except ModelpackError as error:
            return type(error), error.hint
        return None

    told = run_python(task, str(saved), environment={"JAVA_HOME": str(tmp_path / "java")})
    assert told is not None
    assert told[0] is kind
    assert "default-jre-headless" in told[1]


def test_fork_of_a_process_with_a_mojo_is_told(saved: Path, rows: pd.DataFrame) -> None:
    """It would wait for ever for threads that it does not have."""

    def task(path: str, rows: Any) -> Any:
        import os
        import signal
        import warnings

        import modelpack.pyfunc

        def told_in_a_fork() -> str:
            reader, writer = os.pipe()
            with warnings.catch_warnings(action="ignore"):
                child = os.fork()
            if not child:
                signal.alarm(30)
                try:
                    model.predict(rows)
                except Exception as error:  # noqa: BLE001 - it is what is asked for
                    os.write(writer, str(error).encode())
                os._exit(0)
            os.waitpid(child, 0)
            os.close(writer)
            return os.read(reader, 1000).decode()

        model = modelpack.pyfunc.load_model(path)
        told = ""
        for _ in range(3):  # one may stand still before it comes to us: some thread of Java's had a lock
            told = told or told_in_a_fork()
        return told, len(model.predict(rows))

    told, count = run_python(task, str(saved), rows)
    assert "Java does not survive a fork" in told
    assert count == len(rows)


def test_signals_stay_pythons(saved: Path) -> None:
    """A process that scores a MOJO ends as any other, by the handlers of Python."""
    program = (
        "import modelpack.pyfunc, pandas, signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(7))\n"
        f"modelpack.pyfunc.load_model({str(saved)!r}, trust=True)\n"
        "print('ready', flush=True)\n"
        "time.sleep(100)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.terminate()
        assert process.wait(30) == 7


def test_java_that_something_else_started_is_used(saved: Path, rows: pd.DataFrame) -> None:
    """There is one in a process; H2O's classes are kept apart in it."""

    def task(path: str, rows: Any) -> Any:
        import jpype

        import modelpack.pyfunc

        jpype.startJVM()
        return len(modelpack.pyfunc.load_model(path).predict(rows))

    assert run_python(task, str(saved), rows) == len(rows)

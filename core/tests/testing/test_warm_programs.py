"""Programs that start at once: what each of them finds, and how they end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from modelpack.testing.program import Program
from modelpack.testing.waiting import is_running, wait_until
from modelpack.testing.warm_programs import WarmPrograms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from modelpack.testing.program import Process

    Run = Callable[..., tuple[int, str]]

linux = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere programs are started the usual way")
ENDLESS = "import time; print('begun', flush=True); time.sleep(600)"
PATIENCE = 60


@pytest.fixture(scope="module")
def programs() -> Iterator[WarmPrograms]:
    """What starts programs, with two modules that are imported beforehand."""
    with WarmPrograms(["numpy.random", "colorsys"]) as started:
        yield started


def start(programs: WarmPrograms, folder: Path, *arguments: str, **variables: str) -> Process:
    """Start a program in a folder, where it writes its output too."""
    with (folder / "output").open("wb") as output:
        return programs.start(Program(arguments, {**os.environ, **variables}, folder), output)


@pytest.fixture
def run(programs: WarmPrograms, tmp_path: Path) -> Run:
    """Run a program to its end: its exit code, and what it printed."""

    def ended(*arguments: str, **variables: str) -> tuple[int, str]:
        code = start(programs, tmp_path, *arguments, **variables).wait(PATIENCE)
        return code, (tmp_path / "output").read_text(encoding="utf-8")

    return ended


def begun(programs: WarmPrograms, folder: Path, code: str = ENDLESS) -> Process:
    """A program that runs on, after its first line."""
    process = start(programs, folder, "-c", code)
    while not (folder / "output").read_text(encoding="utf-8").endswith("\n"):
        assert process.poll() is None, (folder / "output").read_text(encoding="utf-8")
        time.sleep(0.01)
    return process


def facts(pid: int) -> list[str]:
    """What Linux tells of a process: its state, its parent, and more."""
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()


def seen(answer: tuple[int, str]) -> Any:
    """What a program has printed as JSON."""
    code, text = answer
    assert code == 0, text
    return json.loads(text)


LOOK = "import json, os, sys; print(json.dumps([sys.argv, os.getcwd(), sys.path[0], __name__, dict(os.environ)]))"


def test_code_is_run_as_by_the_interpreter(run: Run, tmp_path: Path) -> None:
    """`-c`: the arguments, the directory, the search path, the name and the variables are its own."""
    arguments, directory, first, name, variables = seen(run("-c", LOOK, "one", "--two", KIT="here"))
    assert (arguments, directory, first, name) == (["-c", "one", "--two"], str(tmp_path), "", "__main__")
    assert variables == {**os.environ, "KIT": "here"}


def test_a_module_is_run_as_by_the_interpreter(run: Run, tmp_path: Path) -> None:
    """`-m`: one in the working directory is found."""
    (tmp_path / "looking.py").write_text(LOOK, encoding="utf-8")
    arguments, directory, first, name, _ = seen(run("-m", "looking", "one"))
    assert arguments == [str(tmp_path / "looking.py"), "one"]
    assert (directory, first, name) == (str(tmp_path), str(tmp_path), "__main__")


def test_a_file_is_run_as_by_the_interpreter(run: Run, tmp_path: Path) -> None:
    """And it finds what lies beside it."""
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "beside.py").touch()
    file = tmp_path / "inner" / "looking.py"
    file.write_text(f"import beside\n{LOOK}", encoding="utf-8")
    arguments, directory, first, name, _ = seen(run(str(file), "one"))
    assert (arguments, first, name) == ([str(file), "one"], str(tmp_path / "inner"), "__main__")
    assert directory == str(tmp_path)


def test_only_the_variables_that_were_given_are_there(programs: WarmPrograms, tmp_path: Path) -> None:
    """Not those of this process."""
    with (tmp_path / "output").open("wb") as output:
        program = Program(["-c", LOOK], {"ONLY": "this"}, tmp_path)
        assert programs.start(program, output).wait(PATIENCE) == 0
    variables = json.loads((tmp_path / "output").read_text(encoding="utf-8"))[-1]
    assert {name: value for name, value in variables.items() if name != "LC_CTYPE"} == {"ONLY": "this"}


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("pass", 0),
        ("raise SystemExit", 0),
        ("raise SystemExit(7)", 7),
        ("raise SystemExit('no')", 1),
        ("raise LookupError", 1),
        ("import os; os._exit(9)", 9),
        ("import os; os.kill(os.getpid(), 9)", -9),
        ("import os; os.kill(os.getpid(), 2)", -2),
        ("import os; os.kill(os.getpid(), 15)", -15),
    ],
)
def test_exit_codes_are_those_of_the_interpreter(run: Run, code: str, expected: int) -> None:
    """Signals have their usual handlers, and an end by one is negative."""
    assert run("-c", code)[0] == expected


def test_all_that_it_prints_is_kept(run: Run) -> None:
    """Of both kinds, with the traceback and what is printed at the exit; its input is empty."""
    code = (
        "import atexit, os, sys, threading; atexit.register(print, 'at the exit'); print(repr(sys.stdin.read()));"
        "threading.Timer(0.1, print, ['by a thread']).start(); os.write(2, b'told\\n'); raise LookupError('why')"
    )
    _, text = run("-c", code)
    assert set(text.splitlines()) >= {"''", "told", "LookupError: why", "by a thread", "at the exit"}


@linux
def test_modules_are_imported_beforehand(run: Run) -> None:
    """That is what it is for."""
    assert seen(run("-c", "import sys; print(int('colorsys' in sys.modules))"))


@linux
def test_it_leads_a_session_without_files_of_others(run: Run) -> None:
    """It has no more descriptors than an interpreter has, and one thread."""
    code = "import json, os; print(json.dumps([os.getpid() == os.getsid(0), os.listdir('/proc/self/{}')]))"
    assert seen(run("-c", code.format("fd"))) == [True, ["0", "1", "2", "3"]]
    assert len(seen(run("-c", code.format("task")))[1]) == 1


@pytest.mark.parametrize("code", ["random", "numpy.random"])
def test_each_has_random_numbers_of_its_own(run: Run, code: str) -> None:
    """Though all are forks of one process."""
    numbers = {run("-c", f"import {code}; print({code}.random())") for _ in range(3)}
    assert len(numbers) == 3


def test_waiting_may_end_before_the_program(programs: WarmPrograms, tmp_path: Path) -> None:
    """As `subprocess.Popen` says it; and a signal ends the program."""
    process = begun(programs, tmp_path)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.05)
    assert (process.poll(), process.returncode) == (None, None)
    process.terminate()
    assert process.wait(PATIENCE) == process.poll() == process.returncode == -signal.SIGTERM
    process.kill()  # it is gone, and no other is meant
    assert process.returncode == -signal.SIGTERM


def test_several_threads_may_wait_for_one(programs: WarmPrograms, tmp_path: Path) -> None:
    """All of them hear of the end."""
    process = begun(programs, tmp_path)
    with ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(process.wait, PATIENCE) for _ in range(4)]
        process.kill()
        assert [each.result() for each in waiting] == [-signal.SIGKILL] * 4


def test_several_threads_may_start_programs(programs: WarmPrograms, tmp_path: Path) -> None:
    """Each gets its own."""
    code = "import os, sys; print(os.getcwd()); sys.exit(int(sys.argv[1]))"

    def ended(number: int) -> tuple[int, str]:
        folder = tmp_path / str(number)
        folder.mkdir()
        process = start(programs, folder, "-c", code, str(number))
        return process.wait(PATIENCE), (folder / "output").read_text(encoding="utf-8").strip()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(ended, range(12))) == [(number, str(tmp_path / str(number))) for number in range(12)]


def test_a_pipe_ends_with_the_program(programs: WarmPrograms, tmp_path: Path) -> None:
    """Nobody else keeps it open, such as a program that was started later."""
    reading, writing = os.pipe()
    first = programs.start(Program(["-c", "print('told')"], os.environ, tmp_path), writing)
    os.close(writing)
    second = begun(programs, tmp_path)
    with os.fdopen(reading, encoding="utf-8") as lines:
        assert list(lines) == ["told\n"]
    second.kill()
    assert (first.wait(PATIENCE), second.wait(PATIENCE)) == (0, -signal.SIGKILL)


def test_variables_of_the_interpreter_are_heeded(run: Run, tmp_path: Path) -> None:
    """`PYTHONPATH` and its like are read when an interpreter starts."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "passing.py").write_text("print('found')", encoding="utf-8")
    assert run("-m", "passing", PYTHONPATH=str(tmp_path / "elsewhere")) == (0, "found\n")


@pytest.mark.parametrize(
    "code",
    ["import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()", "kept = open(__file__)"],
    ids=["starts a thread", "keeps a file open"],
)
def test_what_cannot_be_forked_is_started_the_usual_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    """A module that would leave forks with less or with more than a process has is in none of them."""
    (tmp_path / "spoiling.py").write_text(code, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with WarmPrograms(["spoiling"]) as programs:
        process = start(programs, tmp_path, "-c", "import sys; sys.exit('spoiling' in sys.modules)")
        assert process.wait(PATIENCE) == 0
        endless = begun(programs, tmp_path)
    assert endless.poll() == -signal.SIGKILL


def test_a_module_that_is_not_installed_is_passed_over(tmp_path: Path) -> None:
    """An environment needs not all of them."""
    with WarmPrograms(["absent_library", "absent_library.inner", "absent.*", "colorsys"]) as programs:
        assert start(programs, tmp_path, "-c", "").wait(PATIENCE) == 0


@linux
def test_closing_ends_programs_and_those_that_they_started(tmp_path: Path) -> None:
    """Nothing is left, whether it heeds signals or not."""
    code = (
        "import signal, subprocess, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "inner = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
        "print(inner.pid, flush=True); time.sleep(600)"
    )
    with WarmPrograms([]) as programs:
        process = begun(programs, tmp_path, code)
    assert process.wait(PATIENCE) == -signal.SIGKILL
    wait_until(lambda: not is_running(int((tmp_path / "output").read_text(encoding="utf-8"))))


STARTER = f"""
import os, sys, time
from modelpack.testing.program import Program
from modelpack.testing.warm_programs import WarmPrograms
programs = WarmPrograms([])
with open("output", "wb") as output:
    process = programs.start(Program(["-c", {ENDLESS!r}], os.environ, "."), output)
print(process.pid, os.getppid(), flush=True)
time.sleep(600)
"""


@linux
def test_programs_end_with_the_process_that_wanted_them(tmp_path: Path) -> None:
    """However that ends: even killed, it leaves nothing."""
    command = [sys.executable, "-c", STARTER]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        program = int(starter.stdout.readline().split()[0])
        warm = int(facts(program)[1])
        assert is_running(program)
        starter.kill()
    wait_until(lambda: not any(map(is_running, (program, warm))))


@linux
def test_programs_end_with_the_warm_process(tmp_path: Path) -> None:
    """If that is killed, its programs are over too."""
    with WarmPrograms([]) as programs:
        process = begun(programs, tmp_path, "import os, time; print(os.getppid(), flush=True); time.sleep(600)")
        os.kill(int((tmp_path / "output").read_text(encoding="utf-8")), signal.SIGKILL)
        assert process.wait(PATIENCE) == -signal.SIGKILL
        wait_until(lambda: not is_running(process.pid))

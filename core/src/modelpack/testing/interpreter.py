"""Running a function in a fresh Python interpreter, where nothing has been imported yet."""

from __future__ import annotations

import inspect
import os
import pickle
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelpack.testing.program import Program, start_program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from modelpack.testing.warm_programs import WarmPrograms

_PROGRAM = """
import pickle, sys
with open(sys.argv[1], "rb") as file:
    sys.path[:] = pickle.load(file)
    task = file.read()
function, *arguments = pickle.loads(task)
answer = function(*arguments)
import cloudpickle
with open(sys.argv[2], "wb") as file:
    cloudpickle.dump(answer, file)
"""


class InterpreterError(Exception):
    """The function raised, or the interpreter died; the message is what it printed.

    Attributes:
        code: The exit code; None when it took too long.
    """

    def __init__(self, message: str, code: int | None = None) -> None:
        """Keep both."""
        super().__init__(message)
        self.code = code


def run_python(
    function: Callable[..., Any],
    *arguments: Any,
    environment: Mapping[str, str] | None = None,
    directory: Path | None = None,
    timeout: float = 240,
    programs: WarmPrograms | None = None,
) -> Any:
    """Call a function in a fresh interpreter and answer what it returned.

    The function and what it refers to travel with it, so it may stand in a test module; what it imports it imports
    there. Everything that this process can import the other can.

    Args:
        function: The function; imports belong inside it.
        *arguments: Its arguments.
        environment: Variables on top of those of this process.
        directory: The working directory.
        timeout: After how many seconds to give up.
        programs: What starts the interpreter, which then has imported what those programs have in common.

    Raises:
        InterpreterError: The function raised, the interpreter crashed, or it took too long.
    """
    with tempfile.TemporaryDirectory(prefix="modelpack-") as folder:
        call, answer = Path(folder, "call"), Path(folder, "answer")
        call.write_bytes(pickle.dumps(sys.path) + pickled(function, *arguments))
        variables = {**os.environ, **(environment or {})}
        program = Program(["-c", _PROGRAM, str(call), str(answer)], variables, directory or Path.cwd())
        code, printed = _run(program, Path(folder, "output"), timeout, programs)
        if code != 0 or not answer.exists():
            raise InterpreterError(f"the other interpreter ended with code {code}:\n{printed}", code)
        return pickle.loads(answer.read_bytes())  # noqa: S301 - what our own program wrote


def _run(program: Program, log: Path, timeout: float, programs: WarmPrograms | None) -> tuple[int, str]:
    """The exit code of a program, and what it printed."""
    with log.open("wb") as output:
        process = programs.start(program, output) if programs is not None else start_program(program, output)
    try:
        code = process.wait(timeout)
    except subprocess.TimeoutExpired as error:
        raise InterpreterError(f"no answer from the other interpreter within {timeout} seconds") from error
    finally:
        process.kill()
        process.wait()
    return code, log.read_text(encoding="utf-8", errors="replace")


def pickled(*values: Any) -> bytes:
    """A tuple of values as bytes that another interpreter reads, functions of test modules with their code."""
    import cloudpickle

    with _by_value(values):
        return bytes(cloudpickle.dumps(values))


@contextmanager
def _by_value(values: tuple[Any, ...]) -> Iterator[None]:
    """Let functions of modules that only this process knows, such as test modules, be pickled with their code."""
    import cloudpickle

    modules = {inspect.getmodule(value) for value in values if inspect.isfunction(value)}
    local = [module for module in modules if module is not None and not _is_importable(module)]
    for module in local:
        cloudpickle.register_pickle_by_value(module)
    try:
        yield
    finally:
        for module in local:
            cloudpickle.unregister_pickle_by_value(module)


def _is_importable(module: Any) -> bool:
    """Whether another interpreter with the same `sys.path` finds the module under its name."""
    file = getattr(module, "__file__", None)
    if file is None or module.__name__ == "__main__":
        return False
    parts = module.__name__.split(".")
    return any(Path(entry, *parts).with_suffix(".py") == Path(file) for entry in sys.path) or (
        Path(file).name == "__init__.py" and any(Path(entry, *parts) == Path(file).parent for entry in sys.path)
    )

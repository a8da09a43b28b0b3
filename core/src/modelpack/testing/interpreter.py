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

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

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

    Raises:
        InterpreterError: The function raised, the interpreter crashed, or it took too long.
    """
    with tempfile.TemporaryDirectory(prefix="modelpack-") as folder:
        task, answer = Path(folder, "task"), Path(folder, "answer")
        task.write_bytes(pickle.dumps(sys.path) + pickled(function, *arguments))
        command = [sys.executable, "-c", _PROGRAM, str(task), str(answer)]
        try:
            done = subprocess.run(  # noqa: S603 - this interpreter and our own program
                command,
                capture_output=True,
                text=True,
                check=False,
                cwd=directory,
                env={**os.environ, **(environment or {})},
                timeout=timeout,
            )
        except subprocess.TimeoutExpired as error:
            raise InterpreterError(f"no answer from the other interpreter within {timeout} seconds") from error
        if done.returncode != 0 or not answer.exists():
            message = f"the other interpreter ended with code {done.returncode}:\n{done.stderr}"
            raise InterpreterError(message, done.returncode)
        return pickle.loads(answer.read_bytes())  # noqa: S301 - what our own program wrote


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

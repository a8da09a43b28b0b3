"""Starting processes that share the memory of this one, or its modules."""

from __future__ import annotations

import os
import sys
import threading
import warnings
from contextlib import suppress
from typing import NoReturn


def can_fork() -> bool:
    """Whether this process may be forked: other threads would be gone in the child, and their locks stay closed."""
    return hasattr(os, "fork") and threading.active_count() == 1


def fork() -> int:
    """Fork this process: the child's id, or 0 in the child."""
    with warnings.catch_warnings():
        # Python counts the threads of the operating system. Those of BLAS are stopped before a fork, by BLAS itself.
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def search_path() -> list[str]:
    """Where this process finds modules, for one that is a program of its own."""
    return [os.path.abspath(path) for path in sys.path]  # noqa: PTH100 - `` is the working directory


def leave(code: int) -> NoReturn:
    """End this process at once: threads that a model keeps are not waited for, nor may they fail meanwhile."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(code)

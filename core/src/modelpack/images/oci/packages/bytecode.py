"""Bytecode beside the sources, so that a container on a read-only root does not compile its packages at every start."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_PROGRAM = """
import compileall, py_compile, re, sys
tree, place = sys.argv[1:]
compileall.compile_dir(tree, quiet=2, stripdir=tree, prependdir=place, force=True, rx=re.compile("/tests?/"),
                       invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
"""
_VERSION = "import platform; print(platform.python_implementation(), platform.python_version())"


@dataclass(frozen=True, slots=True)
class Compiler:
    """An interpreter on this machine whose bytecode the image's interpreter reads.

    Attributes:
        program: Its path.
        version: Its name and full version, for bytecode can differ between two patch releases.
    """

    program: str
    version: str

    def compile(self, tree: Path, place: str) -> None:
        """Compile every module that compiles, but for the tests that some packages bring.

        The files hold no times (PEP 552), the paths of the image, and constants in one order: they are the same bytes
        when they are compiled in one process, in the order of the names, with a fixed hash seed.

        Args:
            tree: The packages on this machine.
            place: Where they will be in the image.
        """
        command = [self.program, "-S", "-B", "-c", _PROGRAM, str(tree), place]
        subprocess.run(command, check=True, capture_output=True, env={"PYTHONHASHSEED": "0"})  # noqa: S603 - an interpreter


def find_compiler(python_version: str) -> Compiler | None:
    """This interpreter, or another one of the version that is wanted; None when there is none."""
    running = f"{platform.python_implementation()} {platform.python_version()}"
    if running.startswith(f"CPython {python_version}."):
        return Compiler(sys.executable, running)
    program = shutil.which(f"python{python_version}")
    if program is None:
        return None
    done = subprocess.run([program, "-c", _VERSION], capture_output=True, text=True, env=dict(os.environ), check=False)  # noqa: S603
    version = done.stdout.strip()
    return Compiler(program, version) if version.startswith(f"CPython {python_version}.") else None

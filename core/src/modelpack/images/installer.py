"""Installs an image's packages, in the builder stage of its Dockerfile: copied there, it needs Python alone.

It starts what it needs by lists of arguments: no shell reads a line that came with a model. Secrets of the build are
files that exist for this one step, and become variables of the installer's process.
"""

from __future__ import annotations

import compileall
import os
import py_compile
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
SECRETS = Path("/run/secrets")
UV = Path("/opt/uv")

VALUES = {"PIP_INDEX_URL": "UV_DEFAULT_INDEX", "PIP_EXTRA_INDEX_URL": "UV_INDEX"}
"""Secrets that are values: pip's variable, and uv's for the same."""
FILES = {"PIP_CONFIG_FILE": (), "NETRC": (), "SSL_CERT_FILE": ("PIP_CERT", "REQUESTS_CA_BUNDLE")}
"""Secrets that are files: the variable, and others that name the same."""
_TESTS = re.compile(r"[/\\]tests?[/\\]")


def main(python: str, target: str) -> None:
    """Install into a directory, and compile what was installed.

    Args:
        python: The version of Python that the packages are for.
        target: The directory.
    """
    running = "{}.{}".format(*sys.version_info)
    if running != python:
        sys.exit(f"the base image has Python {running}, and the image needs {python}: name another with --base")
    environment = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1", **secrets()}
    subprocess.run([*installer(environment), *arguments(target)], check=True, env=environment)  # noqa: S603 - a list, no shell
    compile_modules(target)


def secrets() -> dict[str, str]:
    """The variables that the secrets of the build stand for."""
    found = {}
    for name, also in VALUES.items():
        if (SECRETS / name).is_file():
            value = (SECRETS / name).read_text(encoding="utf-8").strip()
            found.update({name: value, also: value})
    for name, others in FILES.items():
        if (SECRETS / name).is_file():
            found.update(dict.fromkeys((name, *others), str(SECRETS / name)))
    return found


def installer(environment: dict[str, str]) -> list[str]:
    """The command that installs: uv, which pip brings, or pip where that fails or a file of pip's settings is given."""
    pip = [sys.executable, "-m", "pip", "install", "--root-user-action=ignore"]
    if "PIP_CONFIG_FILE" in environment:
        return pip
    fetched = subprocess.run([*pip, "--quiet", "--target", str(UV), "uv"], check=False, env=environment)  # noqa: S603 - literals
    if fetched.returncode != 0:
        sys.stderr.write("uv is not to be had; pip goes on alone\n")
        return pip
    return [str(UV / "bin" / "uv"), "pip", "install", "--python", sys.executable, "--link-mode", "copy"]


def arguments(target: str) -> list[str]:
    """What is installed, and where to."""
    files = {"--requirement": HERE / "requirements.txt", "--constraint": HERE / "constraints.txt"}
    named = [word for option, file in files.items() if file.stat().st_size for word in (option, str(file))]
    return ["--target", target, *named, *sorted(map(str, HERE.glob("wheels/*.whl")))]


def compile_modules(target: str) -> None:
    """Compile what will be imported; the compiled files are taken as they are, whatever times files are given later."""
    compileall.compile_dir(
        target, quiet=2, rx=_TESTS, workers=0, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH
    )


if __name__ == "__main__":
    main(*sys.argv[1:])

